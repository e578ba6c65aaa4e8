// Residual functions: the F and G of the paper's equations, without the sum.
//
// Ownership: a residual function owns its layers and no activations. Inputs and outputs are the caller's;
// what a backward pass needs is written to a Tape, also the caller's.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/layers.h"

namespace revnet {

// The activations one backward pass of one residual function needs, except its input, which the caller has.
struct Tape {
  struct Step {
    Tensor
        normalized;  // relu(norm(input)); empty where a function starts with a convolution. Fused functions
                     // have no such tensor: there it is the norm's input as an observer left it, if any
    Tensor mask;     // which ReLUs were open; empty in fused functions
    Tensor output;   // of the convolution; empty for the last
  };
  enum class Keeps {
    everything,
    outputs,  // of the convolutions alone: normalising them again costs little
  };
  explicit Tape(MemoryPurpose what_for, Keeps what = Keeps::everything) : purpose(what_for), keeps(what) {}

  MemoryPurpose purpose;  // saved_activations or tape
  Keeps keeps;
  std::vector<Step> steps;
};

class ResidualFunction {
 public:
  virtual ~ResidualFunction() = default;

  // y = s + F(x); y may be s, and without a tape x as well. With a tape (empty, not for inference), records
  // it.
  virtual void add(Device& device, const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape) = 0;
  // y -= F(x), recomputed and recorded: Algorithm 1 uses one recomputation for reconstruction and gradient.
  virtual void subtract(Device& device, const Tensor& x, Tensor& y, Tape& tape) = 0;
  // Computes what the tape of a forward pass gone by lacks, sparing the last convolution.
  virtual void complete(Device& device, const Tensor& x, Tape& tape) = 0;
  // dx += (dF/dx)^T dy; overwrites the gradients of F's parameters. dx may be dy, which is
  // then read before it is changed. Consumes the tape.
  virtual void backward(Device& device, const Tensor& x, Tape tape, const Tensor& dy, Tensor& dx) = 0;

  // Where y of this function is x of `next`, and both can: from now on a training pass sums y while it writes
  // it, and leaves the batch statistics with the norm that `next` begins with. `next` must outlive that.
  virtual void feed(ResidualFunction& /*next*/) {}
  // Called by feed(): where to leave them. From now on this function makes no pass over x for them. Null: it
  // measures its own all the same.
  virtual NormLayer* await_statistics() { return nullptr; }

  virtual void list(LayerList& layers) = 0;
};

// Where a residual function stands in its network.
struct ResidualShape {
  std::int64_t in, out;        // channels
  std::int64_t height, width;  // of the input
  std::int64_t stride;         // of its first convolution
  bool bottleneck;             // (1x1, 3x3, 1x1 at a quarter of the width) instead of (3x3, 3x3)
  bool leading_norm;           // false for the network's very first: the stem has just normalised
  bool subtracts;              // subtract() will be called
};

// One of the convolutions of a residual function.
struct FunctionFilter {
  std::int64_t out, kernel, stride;
};
std::vector<FunctionFilter> filters_of(const ResidualShape& shape);

// The ordinary pre-activation kind, (BN, ReLU, convolution) two or three times, by the engine of the options
// where it can, else made of oneDNN operations.
std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const BuildOptions& options);

}  // namespace revnet
