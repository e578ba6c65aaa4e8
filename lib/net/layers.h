// Layers: parameters together with the primitives built for one batch size. Never activations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/parameter.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"

namespace revnet {

// What a forward pass is for.
enum class Pass {
  training,       // batch statistics are computed
  recomputation,  // the same arithmetic again, with the statistics that `training` left behind
  inference,      // running statistics
};

// What residual functions are computed by.
enum class Engine {
  onednn,  // oneDNN's operations, one after another
  fused,   // our own kernels (lib/kernels), in functions without stride
};

// "onednn", "fused".
std::string_view name(Engine engine);

// Settings every layer is built with.
struct BuildOptions {
  std::int64_t batch = 100;
  ConvolutionPolicy convolution = ConvolutionPolicy::automatic;
  double epsilon = 1e-3;  // of batch normalisation
  Engine engine = Engine::onednn;
  Reduction* statistics = nullptr;  // the processes whose batch statistics are one; null: this one's own
};

class ConvolutionLayer {
 public:
  struct Roles {
    ConvolutionRoles operation;
    bool subtracts = false;         // subtract() will be called
    const Layout* fused = nullptr;  // computed elsewhere, from weights of that layout: no copies of them
  };

  ConvolutionLayer(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape,
                   const BuildOptions& options, Roles roles);

  const Convolution& operation() const { return operation_; }
  Parameter& weight() { return weight_; }

  // dst = conv(src); dst = addend + conv(src), where dst may be the addend; dst -= conv(src). The last rounds
  // conv(src) as the second does, so that what one added the other takes away up to the rounding of the sum.
  void forward(Device& device, const Tensor& src, Tensor& dst) const;
  void add(Device& device, const Tensor& src, const Tensor& addend, Tensor& dst) const;
  void subtract(Device& device, const Tensor& src, Tensor& dst) const;
  // Overwrites diff_src.
  void backward_data(Device& device, const Tensor& diff_dst, Tensor& diff_src) const;
  // Overwrites the weight's gradient.
  void backward_weights(Device& device, const Tensor& src, const Tensor& diff_dst);

  // Brings the copies of the weights in other forms up to date. To be called whenever the weights have
  // changed.
  void refresh(Device& device);

 private:
  Convolution operation_;
  Parameter weight_;
  Tensor backward_weight_;  // as backward_data wants it; empty where it takes the weight itself
  Tensor negated_weight_;   // for subtract(), where the operation adds in registers
};

class NormLayer;

// Sees what every normalisation made, and may change it.
class NormObserver {
 public:
  virtual ~NormObserver() = default;
  // After `layer` turned src into dst and mask in that pass (not inference). Where no tape is recorded, src
  // may be dst and then holds its new values.
  virtual void normalized(Device& device, NormLayer& layer, Pass pass, const Tensor& src, Tensor& dst,
                          Tensor& mask) = 0;
  // Where normalised values never reach memory: before `layer` normalises src. To change which ReLUs are
  // open, src may be changed.
  virtual void normalizing(Device& device, NormLayer& layer, Pass pass, Tensor& src) = 0;
};

class NormLayer {
 public:
  // name: ".../bn1"; its parameters are name/scale and name/shift.
  NormLayer(Device& device, const std::string& name, Rows rows, const Shape& nchw,
            const BuildOptions& options);

  const BatchNormRelu& operation() const { return operation_; }
  const std::string& name() const { return name_; }
  Rows rows() const { return scale_.rows; }
  Parameter& scale() { return scale_; }
  Parameter& shift() { return shift_; }
  Statistics& running() { return running_; }
  const Statistics& batch() const { return batch_; }
  // For who computes the statistics elsewhere.
  Statistics& batch() { return batch_; }
  double epsilon() const { return epsilon_; }
  // The processes that share the batch statistics; null: nobody.
  Reduction* shared() const { return shared_; }

  // From now on; null: no longer. The observer must outlive that.
  void observe(NormObserver* observer) { observer_ = observer; }
  NormObserver* observer() const { return observer_; }

  // dst = relu(norm(src)); dst may be src itself. The mask is written unless the pass is inference.
  void forward(Device& device, const Tensor& src, Pass pass, Tensor& dst, Tensor& mask);
  // Turns the gradient by dst into the one by src, in place; overwrites the gradients of scale and shift,
  // with this process's share where the batch is shared.
  void backward(Device& device, const Tensor& src, const Tensor& mask, Tensor& diff);

  // running = decay * running + (1 - decay) * batch. Once a step, whatever was recomputed in between.
  void commit_statistics(Device& device, double decay);
  // Running mean 0, variance 1.
  void reset_statistics(Device& device);

 private:
  std::string name_;
  double epsilon_;
  Reduction* shared_;
  NormObserver* observer_ = nullptr;
  BatchNormRelu operation_;
  Parameter scale_, shift_;
  Statistics batch_, running_;
};

// What a network is made of, listed once after building; all pointers stay valid as long as the network.
struct LayerList {
  std::vector<ConvolutionLayer*> convolutions;
  std::vector<NormLayer*> norms;
  std::vector<Parameter*> parameters;

  void add(ConvolutionLayer& layer);
  void add(NormLayer& layer);
};

}  // namespace revnet
