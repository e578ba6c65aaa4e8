// The gradients and batch statistics of a step's micro-batches, added up.
//
// Running averages are to move as if each micro-batch moved them in turn. They move once a step instead,
// since a step may yet fail: by decay^count, towards a mean of the micro-batches' statistics that weighs the
// later ones more.
//
// Ownership: owns the sums, which lie on the network's device; refers to the network, which must outlive it.
#pragma once

#include <vector>

#include "net/network.h"

namespace revnet {

class MicroBatchSum {
 public:
  // A step has `count` micro-batches, 2 or more; `decay` is that of the running averages.
  MicroBatchSum(Device& device, Network& network, std::int64_t count, double decay);

  // Adds the gradients and statistics of micro-batch `index`, which is not the last one, after its backward
  // pass.
  void add(std::int64_t index);
  // Turns the gradients of parameters [first, ...) into those of all micro-batches. Called during the
  // backward pass of the last one, once they are final (GradientsFinal).
  void complete_gradients(std::size_t first);
  // Returns the weighted mean over all micro-batches of the statistic at `place` (network_statistics.h),
  // given that of the last one.
  double mean_statistic(std::size_t place, double last) const;
  // Turns the batch statistics in the norms, which are the last micro-batch's, into those means. Called after
  // the last backward pass.
  void complete_statistics();

 private:
  // How much the statistics of micro-batch `index` count; the weights add up to 1.
  double weight(std::int64_t index) const;

  Device& device_;
  Network& network_;
  std::int64_t count_;
  double decay_;
  std::vector<Tensor> gradients_;  // by parameter, of all micro-batches but the last
  std::size_t completed_ = 0;      // gradients from this parameter on are complete
  std::vector<double> statistics_;
};

}  // namespace revnet
