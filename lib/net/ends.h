// The two ends of a network: stem and head. Both work on a RevNet's halves separately, which is exact
// (convolution and batch normalisation treat output channels one by one) and spares splitting and joining
// activations.
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

// Convolution, BN, ReLU and perhaps max pooling; with exact coupling rounded to the grid.
class Stem {
 public:
  // What its backward pass needs, beside the images.
  struct Tape {
    Activation raw;  // the convolution's output
    std::vector<Tensor> masks;
    std::vector<Tensor> places;  // of the pooled maxima; empty without pooling
  };

  Stem(Device& device, const Architecture& architecture, std::int64_t image_size,
       const LayerOptions& options);

  // images: [N, 3, H, W], row-major. With a tape, records it.
  Activation forward(const Tensor& images, Pass pass, Tape* tape);
  void backward(const Tensor& images, Tape tape, Activation dy);
  void list(LayerList& layers);

 private:
  // What part `part` makes of the images, before pooling.
  Tensor normalize(std::size_t part, const Tensor& images, Pass pass, Tape* tape);
  Tensor pool(const Tensor& normalized, Tape* tape) const;

  std::optional<Grid> grid_;
  std::vector<std::unique_ptr<Convolution>> convolutions_;  // one a part
  std::vector<std::unique_ptr<NormRelu>> norms_;
  std::optional<MaxPool> pool_;  // of either part
};

// BN and ReLU over the joined halves, global average pool, dense with bias.
class Head {
 public:
  struct Tape {
    std::vector<Tensor> masks;
    Tensor features;  // [N, channels]
  };

  Head(Device& device, const Architecture& architecture, std::int64_t height, std::int64_t classes,
       const LayerOptions& options);

  // Logits [N, classes]. x is left untouched.
  Tensor forward(const Activation& x, Pass pass, Tape* tape);
  Activation backward(const Activation& x, Tape tape, const Tensor& diff_logits);
  void list(LayerList& layers);

 private:
  std::vector<std::unique_ptr<NormRelu>> norms_;  // one a part
  Parameter weight_, bias_;
  Dense dense_;
};

}  // namespace revnet
