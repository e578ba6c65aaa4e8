#include "tensor/device.h"

#include <doctest/doctest.h>
#include <omp.h>

#include "tensor/onednn.h"
#include "tensor/onednn_handles.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = 8 << 20;

TEST_CASE("a device uses the number of threads it is given") {
  const Device device(2, arena_bytes);
  CHECK(device.threads() == 2);
  CHECK(omp_get_max_threads() == 2);
  const Device single(1, arena_bytes);
  CHECK(omp_get_max_threads() == 1);
  CHECK_FALSE(single.poisons());
  CHECK_FALSE(single.is_planning());
}

TEST_CASE("the activation layout is one that channel blocks know") {
  const Device device(1, arena_bytes);
  const std::int64_t block = device.activation_block();
  for (const std::int64_t channels : {12, 16, 56, 64}) {
    for (const std::int64_t batch : {1, 3, 100}) {
      const Layout layout = device.activation_layout({batch, channels, 5, 7});
      CHECK(layout.shape() == Shape{batch, channels, 5, 7});
      // Batch, channels and size do not affect the kind of layout.
      const ChannelBlocks blocks(layout);
      if (block != 64) CHECK(blocks.block == block);
    }
  }
}

TEST_CASE("a planning device computes nothing and touches nothing") {
  Device device = Device::planning();
  CHECK(device.is_planning());
  CHECK_FALSE(device.poisons());
  {
    // 4 TB: no machine would map it, and touching a planned buffer's address would crash.
    Tensor huge(device, Layout::plain({1000, 1000, 1000, 1000}), MemoryPurpose::tape);
    Tensor dst(device, Layout::plain({3, 12, 5, 5}), MemoryPurpose::temporaries);
    CHECK_FALSE(huge.empty());
    set_zero(huge);
    copy_from_plain(std::vector<float>(3 * 12 * 25, 1.0f), dst);
    CHECK(to_plain(dst) == std::vector<float>(3 * 12 * 25, 0.0f));
    onednn::execute(device, dnnl::primitive(), {});
    CHECK(device.ledger().live(MemoryPurpose::tape) == 4'000'000'000'000);
  }
  CHECK(device.ledger().live() == 0);
  CHECK(device.arena().extent() >= 4'000'000'000'000);
}

TEST_CASE("a planning device plans for the number of threads it is given") {
  const Device two = Device::planning(2);
  CHECK(two.threads() == 2);
  CHECK(omp_get_max_threads() == 2);  // oneDNN sizes its scratchpads by OpenMP's setting
  const Device one = Device::planning(1);
  CHECK(one.threads() == 1);
  CHECK(Device::planning().threads() == 1);
}

// oneDNN's primitives wait forever for threads that OpenMP does not grant.
TEST_CASE("a device gets its threads whatever OpenMP's variables say") {
  const int levels = omp_get_max_active_levels();
  omp_set_max_active_levels(0);
  omp_set_dynamic(1);
  const Device device(2, arena_bytes);
  CHECK(omp_get_dynamic() == 0);
  int threads = 0;
#pragma omp parallel
#pragma omp single
  threads = omp_get_num_threads();
  CHECK(threads == 2);
  omp_set_max_active_levels(levels);
}

TEST_CASE("oneDNN's version is three numbers, of which the headers share the first") {
  const std::string version = onednn_version();
  CHECK(version.starts_with(std::to_string(DNNL_VERSION_MAJOR) + "."));
  CHECK(std::count(version.begin(), version.end(), '.') == 2);
  CHECK(version.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace
}  // namespace revnet
