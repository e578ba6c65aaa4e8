// Networks as data: a stem, any number of stages, and the kind of their units.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

struct Architecture {
  // Convolution, BN and ReLU, then 3x3 max pooling with stride 2 if `pools` is set.
  struct Stem {
    std::int64_t kernel = 3;
    std::int64_t stride = 1;
    std::int64_t width = 0;  // output channels
    bool pools = false;
  };
  struct Stage {
    std::int64_t units = 0;
    std::int64_t width = 0;   // as in the paper's Table 2; bottleneck units output 4 times as many channels
    std::int64_t stride = 1;  // of the stage's first unit
  };

  std::string name;
  bool reversible = false;
  bool bottleneck = false;
  Stem stem;
  std::vector<Stage> stages;
  // Image size and number of classes if no data set says otherwise.
  std::int64_t image_size = 32, classes = 10;

  // Output channels of a stage, both halves of a RevNet together.
  std::int64_t out_width(const Stage& stage) const { return (bottleneck ? 4 : 1) * stage.width; }
  std::int64_t final_width() const { return out_width(stages.back()); }
  // Output size, in pixels per side, of the stem and of the last stage for square images of size `image`.
  std::int64_t stem_size(std::int64_t image) const;
  std::int64_t final_size(std::int64_t image) const;
  // The number of tensors that travel between units: 1, or the 2 halves of a RevNet.
  std::int64_t parts() const { return reversible ? 2 : 1; }
  // The number of units in all stages: the L of the paper's Table 1.
  std::int64_t depth() const;
  // Text for tables: units "3-4-23-3"; widths "64, 64-128-256-512", the stem's before the stages'.
  std::string units_text() const;
  std::string widths_text() const;
};

// The paper's CIFAR networks in its order, then the ImageNet networks.
const std::vector<Architecture>& architectures();
// Throws a UsageError that suggests the nearest known name if no architecture has this one.
const Architecture& find_architecture(std::string_view name);

// Throws a UsageError that names the offending number if the network cannot be built, or not for images of
// this size.
void check_possible(const Architecture& architecture, std::int64_t image_size);

}  // namespace revnet
