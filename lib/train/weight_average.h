// An exponential moving average of the weights, which is evaluated beside the weights themselves.
//
// Parameters have an average if NetworkOptions::average_weights is set.
#pragma once

#include "net/network.h"

namespace revnet {

// Returns the decay in step `step`, counted from 1. It starts below `decay`, so that the average soon forgets
// the initial weights.
double average_decay(double decay, std::int64_t step);

// average = decay * average + (1 - decay) * value
void update_average(Device& device, Network& network, double decay);

// Swaps the weights and their averages; the destructor swaps them back.
class AveragedWeights {
 public:
  explicit AveragedWeights(Network& network) : network_(network) { swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;
  ~AveragedWeights() { swap(); }

 private:
  void swap();

  Network& network_;
};

}  // namespace revnet
