#include "base/version.h"

namespace revnet {

std::string version() {
  return REVNET_VERSION;
}

}  // namespace revnet
