// The seam to other processes that compute parts of one batch: all that operations and layers know of them.
#pragma once

#include <span>

namespace revnet {

class Reduction {
 public:
  virtual ~Reduction() = default;
  // Every value becomes the sum of that of all processes, with the same bits in each of them. All call it in
  // the same order with as many values; each waits for the others.
  virtual void sum(std::span<double> values) = 0;
};

}  // namespace revnet
