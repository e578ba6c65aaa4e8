// An exponential average of the weights over the steps of a training, which is evaluated beside them.
//
// Parameters have it where NetworkOptions::average_weights asks for it.
#pragma once

#include "net/network.h"

namespace revnet {

// What the average keeps of itself in step `step`, counted from 1: at first less than `decay`, so that it
// does not remember the initial weights for long.
double average_decay(double decay, std::int64_t step);

// average = decay * average + (1 - decay) * value
void update_average(Device& device, const Network& network, double decay);

// While it lives, the averages are the network's weights, and the weights are kept where the averages were.
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
