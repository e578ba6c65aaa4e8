// Residual functions: the F and G of the paper's equations, without the sum. The ordinary pre-activation
// kind: (BN, ReLU, convolution) two or three times.
//
// This is the seam between the algebra of networks (lib/net) and the engines that compute them (lib/onednn,
// lib/fused).
//
// Ownership: a residual function owns its layers and no activations. Inputs and outputs are the caller's, and
// so is the Tape that holds what a backward pass needs besides.
#pragma once

#include <memory>
#include <vector>

#include "layers/layer_list.h"

namespace revnet {

// The activations that one backward pass of one residual function needs, except its input, which the caller
// has. What that is, the function's engine knows.
class Tape {
 public:
  virtual ~Tape() = default;
};

enum class TapeKeeps {
  everything,
  convolutions,  // the outputs of convolutions alone: normalising them again costs little
};

class ResidualFunction {
 public:
  virtual ~ResidualFunction() = default;

  // An empty tape of this function. What it will hold counts as `purpose`: saved_activations or tape.
  virtual std::unique_ptr<Tape> make_tape(MemoryPurpose purpose,
                                          TapeKeeps keeps = TapeKeeps::everything) const = 0;

  // y = s + F(x); y may be s, and without a tape x as well. With a tape (empty, not for inference), records
  // it. A training pass takes the batch statistics of x from input_norm(), and leaves those of y with `next`
  // (null: nobody wants them).
  virtual void add(const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape, Norm* next) = 0;
  // y -= F(x), recomputed and recorded: Algorithm 1 uses one recomputation for reconstruction and gradient.
  virtual void subtract(const Tensor& x, Tensor& y, Tape& tape) = 0;
  // Computes what the tape of a forward pass gone by lacks, sparing the last convolution.
  virtual void complete(const Tensor& x, Tape& tape) = 0;
  // dx += (dF/dx)^T dy; overwrites the gradients of F's parameters. dx may be dy, which is then read before
  // it is changed. Consumes the tape.
  virtual void backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) = 0;

  // The norm that reads x, if whoever writes x is to leave the batch statistics there; null where x is not
  // normalised or the function measures it.
  virtual Norm* input_norm() = 0;

  // What computes it.
  virtual Engine engine() const = 0;
  virtual void list(LayerList& layers) = 0;
};

// Where a residual function stands in its network.
struct ResidualShape {
  std::int64_t in = 0, out = 0;        // channels
  std::int64_t height = 0, width = 0;  // of the input
  std::int64_t stride = 1;             // of its first convolution
  bool bottleneck = false;             // (1x1, 3x3, 1x1 at a quarter of the width) instead of (3x3, 3x3)
  bool leading_norm = true;            // false for the network's very first: the stem has just normalised
  bool subtracts = false;              // subtract() will be called
};

// Its convolutions, first to last.
std::vector<ConvolutionShape> convolutions_of(const ResidualShape& shape, std::int64_t batch);

}  // namespace revnet
