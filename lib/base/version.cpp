#include "base/version.h"

#include "revision.h"  // which the build writes

namespace revnet {

std::string version() {
  return REVNET_VERSION;
}

std::string revision() {
  return REVNET_REVISION;
}

}  // namespace revnet
