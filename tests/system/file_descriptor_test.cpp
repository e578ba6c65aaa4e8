#include "system/file_descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>

namespace revnet {
namespace {

TEST_CASE("a full disk is an error and not a short file") {
  // Every write to /dev/full fails with ENOSPC, as on a full disk.
  FileDescriptor full(::open("/dev/full", O_WRONLY));
  REQUIRE(full.is_open());
  CHECK(write_all(full.get(), std::as_bytes(std::span("text", 4))) == ENOSPC);
  CHECK(file_failure("write", "x", ENOSPC) == "cannot write x: No space left on device; free some space");
}

}  // namespace
}  // namespace revnet
