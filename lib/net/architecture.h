// Networks as data: one description of a stem, any number of stages, and what their units are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

struct Architecture {
  // Convolution, BN, ReLU; then, with `pools`, the maximum of 3x3 pixels in steps of 2.
  struct Stem {
    std::int64_t kernel = 3;
    std::int64_t stride = 1;
    std::int64_t width = 0;  // channels it puts out
    bool pools = false;
  };
  struct Stage {
    std::int64_t units = 0;
    std::int64_t width = 0;   // as in the paper's Table 2: bottlenecks put out 4 times as many channels
    std::int64_t stride = 1;  // of its first unit
  };

  std::string name;
  bool reversible = false;
  bool bottleneck = false;
  Stem stem;
  std::vector<Stage> stages;
  // What it is made for, where no data set says otherwise.
  std::int64_t image_size = 32, classes = 10;

  // Channels a stage puts out, both halves of a RevNet together.
  std::int64_t out_width(const Stage& stage) const { return (bottleneck ? 4 : 1) * stage.width; }
  // And the last one.
  std::int64_t final_width() const { return out_width(stages.back()); }
  // Pixels a side of what the stem and the last stage make of images of that size.
  std::int64_t stem_size(std::int64_t image) const;
  std::int64_t final_size(std::int64_t image) const;
  // Activations travel as one tensor, or as two halves in a RevNet.
  std::int64_t parts() const { return reversible ? 2 : 1; }
  // Units of all stages together: the L of the paper's Table 1.
  std::int64_t depth() const;
  // "3-4-23-3"; "64, 64-128-256-512": the stem, then the stages.
  std::string units_text() const;
  std::string widths_text() const;
};

// The paper's CIFAR networks in its order, then those for ImageNet.
const std::vector<Architecture>& architectures();
// UsageError, with the nearest known name, when there is none of this name.
const Architecture& find_architecture(std::string_view name);

// UsageError that says which number cannot be: of the network, or of images of that size in it.
void check_possible(const Architecture& architecture, std::int64_t image_size);

}  // namespace revnet
