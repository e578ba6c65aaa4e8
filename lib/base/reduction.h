// The interface to other processes that compute parts of the same batch. Operations and layers see nothing
// else of lib/ranks.
#pragma once

#include <span>

namespace revnet {

class Reduction {
 public:
  virtual ~Reduction() = default;
  // Replaces every value by its sum over all processes, with the same bits in each. All processes call it in
  // the same order with equally many values, and wait for each other.
  virtual void sum(std::span<double> values) = 0;
};

}  // namespace revnet
