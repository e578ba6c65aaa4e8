#include "tensor/profile.h"

#include <doctest/doctest.h>

#include "tensor/device.h"

namespace revnet {
namespace {

TEST_CASE("a profile sums by operation and height") {
  Profile profile;
  profile.add({Operation::convolution, 32, 100, 10}, 0.5);
  profile.add({Operation::convolution, 32, 100, 10}, 0.25);
  profile.add({Operation::convolution, 16, 7, 3}, 1.0);
  profile.add({Operation::pooling, 32, 0, 4}, 2.0);
  REQUIRE(profile.rows().size() == 3);
  const Profile::Row& row = profile.rows().at({Operation::convolution, 32});
  CHECK(row.calls == 2);
  CHECK(row.seconds == 0.75);
  CHECK(row.flops == 200);
  CHECK(row.bytes == 20);
  const Profile::Row total = profile.total();
  CHECK(total.calls == 4);
  CHECK(total.seconds == 3.75);
  CHECK(total.flops == 207);
  CHECK(total.bytes == 27);
}

TEST_CASE("a device profiles only while a profile is set") {
  Device device(1, 1 << 20);
  Profile profile;
  int runs = 0;
  const auto work = [&] { ++runs; };
  device.perform({Operation::loss}, work);
  device.set_profile(&profile);
  device.perform({Operation::loss}, work);
  device.set_profile(nullptr);
  device.perform({Operation::loss}, work);
  CHECK(runs == 3);
  CHECK(profile.total().calls == 1);
  CHECK(profile.total().seconds >= 0);
}

TEST_CASE("a planning device performs nothing") {
  Device device = Device::planning();
  Profile profile;
  device.set_profile(&profile);
  bool ran = false;
  device.perform({Operation::loss}, [&] { ran = true; });
  CHECK_FALSE(ran);
  CHECK(profile.rows().empty());
}

}  // namespace
}  // namespace revnet
