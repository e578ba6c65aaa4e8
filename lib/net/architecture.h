// The paper's Table 2 as data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

struct Architecture {
  std::string name;
  bool reversible = false;
  bool bottleneck = false;
  std::array<std::int64_t, 3> units{};  // per stage
  std::int64_t stem_width = 0;          // channels after the stem
  std::array<std::int64_t, 3>
      widths{};  // per stage, as in Table 2: a bottleneck stage puts out 4 times as many

  // Channels a stage puts out, both halves of a RevNet together.
  std::int64_t out_width(std::size_t stage) const { return (bottleneck ? 4 : 1) * widths[stage]; }
  // Activations travel as one tensor, or as two halves in a RevNet.
  std::int64_t parts() const { return reversible ? 2 : 1; }
};

// The six CIFAR networks, in the paper's order.
const std::vector<Architecture>& architectures();
// UsageError, with the nearest known name, when there is none of this name.
const Architecture& find_architecture(std::string_view name);

}  // namespace revnet
