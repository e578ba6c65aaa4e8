// The largest magnitudes that residual functions wrote, by function: with exact coupling a sum beyond the
// grid's range is rounded again.
#pragma once

#include <algorithm>
#include <map>
#include <string>

namespace revnet {

class RangeWatch {
 public:
  // `function`: ".../f". Keeps the largest since reset().
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
