// Residual functions: the F and G of the paper's equations, without the addition. They are of the
// pre-activation kind: (BN, ReLU, convolution) two or three times.
//
// This interface separates the algebra of networks (lib/net) from the engines that compute it (lib/onednn,
// lib/fused).
//
// Ownership: a residual function owns its layers and no activations. Inputs and outputs belong to the caller,
// and so does the Tape with whatever else a backward pass needs.
#pragma once

#include <memory>
#include <vector>

#include "layers/layer_list.h"

namespace revnet {

// The activations that one backward pass of one residual function needs, except its input, which the caller
// holds. Each engine defines its own contents.
class Tape {
 public:
  virtual ~Tape() = default;
};

enum class TapeKeeps {
  everything,
  convolutions,  // only the outputs of convolutions: recomputing their normalisation is cheap
};

class ResidualFunction {
 public:
  virtual ~ResidualFunction() = default;

  // An empty tape for this function, whose contents will be counted as `purpose`: saved_activations or tape.
  virtual std::unique_ptr<Tape> make_tape(MemoryPurpose purpose,
                                          TapeKeeps keeps = TapeKeeps::everything) const = 0;

  // y = s + F(x). y may be s, and without a tape also x. Records into the tape if there is one; it must be
  // empty, and the pass not inference. A training pass reads the batch statistics of x from input_norm() and
  // stores those of y in `next`, unless that is null; LayerOptions::range, if set, sees the largest magnitude
  // of y.
  virtual void add(const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape, Norm* next) = 0;
  // y -= F(x), recomputed and recorded: in the paper's Algorithm 1 one recomputation serves reconstruction
  // and gradient.
  virtual void subtract(const Tensor& x, Tensor& y, Tape& tape) = 0;
  // Recomputes what an earlier forward pass left out of the tape, all if it is empty; needs no run of the
  // last convolution.
  virtual void complete(const Tensor& x, Tape& tape) = 0;
  // dx += (dF/dx)^T dy; overwrites the gradients of F's parameters. dx may be dy, which is read before it is
  // changed. Consumes the tape.
  virtual void backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) = 0;

  // The norm that reads x, if whoever writes x must store x's batch statistics there. Null if x is not
  // normalised, or if the function measures the statistics itself.
  virtual Norm* input_norm() = 0;

  virtual void list(LayerList& layers) = 0;
};

struct ResidualShape {
  std::int64_t in = 0, out = 0;        // channels
  std::int64_t height = 0, width = 0;  // of the input, in pixels
  std::int64_t stride = 1;             // of the first convolution
  bool bottleneck = false;             // 1x1, 3x3, 1x1 at a quarter of the width instead of 3x3, 3x3
  bool leading_norm = true;            // false for the network's first: the stem has just normalised
  bool subtracts = false;              // subtract() will be called
};

std::vector<ConvolutionShape> convolutions_of(const ResidualShape& shape, std::int64_t batch);

}  // namespace revnet
