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
  // Of so many micro-batches a step, 2 or more; `decay` is that of the running averages.
  MicroBatchSum(Device& device, const Network& network, std::int64_t count, double decay);

  // After the backward pass of micro-batch `index`, which is not the last one.
  void add(std::int64_t index);
  // In or after the backward pass of the last one: makes the gradients of parameters [first, ...), which are
  // final as GradientsFinal has it, those of all micro-batches.
  void complete_gradients(std::size_t first);
  // Of all micro-batches, where `last` is the last one's: the number at `place` (network_statistics.h).
  double statistic(std::size_t place, double last) const;
  // After the last backward pass: makes the batch statistics in the norms those of all micro-batches.
  void complete_statistics();

 private:
  // How much the statistics of micro-batch `index` count; the weights add up to 1.
  double weight(std::int64_t index) const;

  Device& device_;
  const Network& network_;
  std::int64_t count_;
  double decay_;
  std::vector<Tensor> gradients_;  // by parameter, of all micro-batches but the last
  std::size_t completed_ = 0;      // gradients from this parameter on are complete
  std::vector<double> statistics_;
};

}  // namespace revnet
