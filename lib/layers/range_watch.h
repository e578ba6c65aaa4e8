// The largest magnitude of the sums s + F(x), by residual function. With exact coupling, sums beyond the
// grid's range are rounded, so the range is watched.
#pragma once

#include <algorithm>
#include <map>
#include <string>

namespace revnet {

class RangeWatch {
 public:
  // `function` is a name such as ".../f". Keeps the largest value since reset().
  void saw(const std::string& function, float largest) {
    float& kept = largest_[function];
    kept = std::max(kept, largest);
  }
  void reset() { largest_.clear(); }
  const std::map<std::string, float>& largest() const { return largest_; }

 private:
  std::map<std::string, float> largest_;
};

}  // namespace revnet
