// The statistics of all normalisations of a network as one row of numbers.
#pragma once

#include "net/network.h"

namespace revnet {

// Calls visit(value, place) for every mean and variance of every normalisation, with its place in the row.
// `which` is &Norm::batch or &Norm::running.
template <class Visit>
void each_statistic(Network& network, Statistics& (Norm::*which)(), Visit visit) {
  std::size_t place = 0;
  for (Norm* norm : network.norms()) {
    for (Tensor* tensor : {&(norm->*which)().mean, &(norm->*which)().variance}) {
      for (float& value : tensor->values()) visit(value, place++);
    }
  }
}

// How many numbers that are.
inline std::size_t statistics_count(const Network& network) {
  std::size_t channels = 0;
  for (const Norm* norm : network.norms()) channels += static_cast<std::size_t>(norm->channels());
  return 2 * channels;
}

}  // namespace revnet
