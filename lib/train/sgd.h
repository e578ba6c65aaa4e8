// Stochastic gradient descent with momentum and weight decay.
#pragma once

#include <vector>

#include "layers/parameter.h"

namespace revnet {

// gradient' = gradient + weight_decay * value   (only if the parameter decays)
// momentum  = momentum_factor * momentum + gradient'
// value    -= rate * momentum, or with Nesterov's momentum rate * (gradient' + momentum_factor * momentum)
class Sgd {
 public:
  // Refers to the parameters, which must outlive it and keep their buffers.
  Sgd(const std::vector<Parameter*>& parameters, double momentum, double weight_decay, bool nesterov = false);

  // Updates all parameters in one pass. Padding stays zero because its gradients are zero.
  void step(Device& device, double rate) const;

 private:
  struct Chunk {
    float* value;
    const float* gradient;
    float* momentum;
    std::int64_t count;
    bool decays;
  };

  float momentum_, weight_decay_;
  bool nesterov_;
  Cost cost_{.operation = Operation::optimizer};
  std::vector<Chunk> chunks_;  // about equal in size, so that threads share the work evenly
};

}  // namespace revnet
