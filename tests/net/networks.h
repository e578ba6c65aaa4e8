// What the tests of networks share: both engines, small batches, and a network that is in no table.
#pragma once

#include <array>

#include "net/network.h"

namespace revnet {

inline constexpr std::array engines{Engine::onednn, Engine::fused};

// Two images of 8 x 8 pixels.
inline NetworkOptions small_options(ActivationMode mode, Engine engine) {
  NetworkOptions options;
  options.engine = engine;
  options.batch = 2;
  options.image_size = 8;
  options.activations = mode;
  return options;
}

// A stem like the ImageNet networks', with three units per stage. An input size of 36 becomes 9, 9, 5 and 3.
inline Architecture small_imagenet() {
  return {.name = "small",
          .reversible = true,
          .bottleneck = true,
          .stem = {.kernel = 7, .stride = 2, .width = 32, .pools = true},
          .stages = {{3, 32, 1}, {3, 40, 2}, {3, 64, 2}}};
}
inline constexpr std::int64_t small_imagenet_size = 36;

}  // namespace revnet
