// Batch normalisation's statistics, measured anew before an evaluation.
#pragma once

#include <vector>

#include "net/network.h"
#include "train/communicator.h"

namespace revnet {

// While it lives, running averages may be plain means of batch statistics, measured with the weights as they
// are; behind it they are what they were, bit for bit. All ranks make the same calls.
class Recalibration {
 public:
  // `weight`: of this rank's shard of each batch, as a fraction of it.
  Recalibration(Network& network, Communicator& communicator, double weight);
  Recalibration(const Recalibration&) = delete;
  Recalibration& operator=(const Recalibration&) = delete;
  ~Recalibration();

  // Measures one more batch, or micro-batch of it.
  void add(const Tensor& images);
  // From now on the network evaluates with the means over what was added.
  void use();

 private:
  Network& network_;
  Communicator& communicator_;
  double weight_;
  std::int64_t batches_ = 0;
  std::vector<float> before_;  // all running averages
  std::vector<double> sums_;   // of batch statistics, in the same order
};

}  // namespace revnet
