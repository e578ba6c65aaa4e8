// The stem and the head of a network. Both treat a RevNet's halves separately, which saves splitting and
// joining activations. It is exact because convolution and batch normalisation treat each output channel
// independently.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "layers/layer.h"
#include "net/architecture.h"
#include "net/unit.h"
#include "ops/dense.h"
#include "ops/max_pooling.h"

namespace revnet {

// Convolution, BN, ReLU and optional max pooling. With exact coupling, the output is rounded to the grid.
class Stem {
 public:
  // What the backward pass needs, besides the images.
  struct Tape {
    Activation raw;  // the convolution's output
    std::vector<Tensor> masks;
    std::vector<Tensor> places;  // where each pooled maximum was; empty without pooling
  };

  Stem(Device& device, const Architecture& architecture, std::int64_t image_size,
       const LayerOptions& options);

  // Returns one tensor for each part. `images` is [N, 3, H, W], row-major. Records into the tape if there is
  // one.
  Activation forward(const Tensor& images, Pass pass, Tape* tape);
  // Overwrites the parameters' gradients. dy is the gradient with respect to the output.
  void backward(const Tensor& images, Tape tape, Activation dy);
  void list(LayerList& layers);

 private:
  // The stem's output for one part, before pooling.
  Tensor normalize(std::size_t part, const Tensor& images, Pass pass, Tape* tape);
  Tensor pool(const Tensor& normalized, Tape* tape) const;

  std::optional<Grid> grid_;
  std::vector<std::unique_ptr<ImageConvolution>> convolutions_;  // one for each part
  std::vector<std::unique_ptr<NormRelu>> norms_;
  std::optional<MaxPool> pool_;  // shared by the parts
};

// BN and ReLU on each half, then global average pooling of the joined halves and a dense layer with bias.
class Head {
 public:
  struct Tape {
    std::vector<Tensor> masks;
    Tensor features;  // [N, channels]
  };

  Head(Device& device, const Architecture& architecture, std::int64_t height, std::int64_t classes,
       const LayerOptions& options);

  // Returns logits [N, classes] and leaves x unchanged. Records into the tape if there is one.
  Tensor forward(const Activation& x, Pass pass, Tape* tape);
  // Returns the gradient with respect to x, and overwrites the parameters' gradients.
  Activation backward(const Activation& x, Tape tape, const Tensor& diff_logits);
  void list(LayerList& layers);

 private:
  std::vector<std::unique_ptr<NormRelu>> norms_;  // one for each part
  Parameter weight_, bias_;
  Dense dense_;
};

}  // namespace revnet
