// A network that no table has.
#pragma once

#include "net/architecture.h"

namespace revnet {

// A stem as ImageNet's networks have it, with three units a stage; 36 pixels become 9, 9, 5 and 3.
inline Architecture small_imagenet() {
  return {.name = "small",
          .reversible = true,
          .bottleneck = true,
          .stem = {.kernel = 7, .stride = 2, .width = 32, .pools = true},
          .stages = {{3, 32, 1}, {3, 40, 2}, {3, 64, 2}}};
}
inline constexpr std::int64_t small_imagenet_size = 36;

}  // namespace revnet
