// Recalibration of batch normalisation's statistics before an evaluation.
#pragma once

#include <vector>

#include "net/network.h"
#include "ranks/communicator.h"

namespace revnet {

// Replaces running averages by plain means of batch statistics measured with the current weights. The
// destructor restores them bit for bit. All ranks make the same calls.
class Recalibration {
 public:
  // `weight` is this rank's shard as a fraction of each batch.
  Recalibration(Network& network, Communicator& communicator, double weight);
  Recalibration(const Recalibration&) = delete;
  Recalibration& operator=(const Recalibration&) = delete;
  ~Recalibration();

  // Measures the statistics of another batch or micro-batch.
  void add(const Tensor& images);
  // Makes the network evaluate with the means over all batches added.
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
