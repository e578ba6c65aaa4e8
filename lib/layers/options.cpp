#include "layers/options.h"

namespace revnet {

std::string_view name(Engine engine) {
  return engine == Engine::fused ? "fused" : "onednn";
}

}  // namespace revnet
