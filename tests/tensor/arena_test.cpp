#include "tensor/arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/random.h"

namespace revnet {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

std::uintptr_t address(const void* buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer);
}

struct Buffer {
  char* start;
  std::size_t bytes;
};

bool overlap(const Buffer& a, const Buffer& b) {
  return address(a.start) < address(b.start) + b.bytes && address(b.start) < address(a.start) + a.bytes;
}

// A "step": takes and returns buffers in a random order that depends only on the seed, and leaves the arena
// as it found it. Returns the positions of all buffers relative to `origin`.
std::vector<std::uintptr_t> random_step(Arena& arena, std::uint64_t seed, const void* origin) {
  RandomStream random(seed, Purpose::shuffle, 0, 0);
  std::vector<std::uintptr_t> places;
  std::vector<Buffer> live;
  const auto give_back_one = [&] {
    const std::size_t which = random.below(static_cast<std::uint32_t>(live.size()));
    arena.give_back(live[which].start, live[which].bytes);
    live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
  };
  for (int i = 0; i < 300; ++i) {
    if (live.empty() || (live.size() < 24 && random.below(5) < 3)) {
      const std::size_t bytes = 1 + random.below(random.below(2) == 0 ? 500 : 20000);
      const Buffer buffer{static_cast<char*>(arena.take(bytes)), bytes};
      CHECK(address(buffer.start) % 64 == 0);
      CHECK(std::none_of(live.begin(), live.end(), [&](const Buffer& b) { return overlap(b, buffer); }));
      if (!arena.is_planning()) std::memset(buffer.start, i, bytes);  // all of it must be real memory
      places.push_back(address(buffer.start) - address(origin));
      live.push_back(buffer);
    } else {
      give_back_one();
    }
  }
  while (!live.empty()) give_back_one();
  return places;
}

TEST_CASE("buffers are aligned to a cache line") {
  Arena arena(mebibyte);
  for (const std::size_t bytes : {0, 1, 63, 64, 65, 1000}) {
    CHECK(address(arena.take(bytes)) % 64 == 0);
  }
  CHECK(arena.extent() == 64 + 64 + 64 + 64 + 128 + 1024);
}

TEST_CASE("a returned buffer is taken again") {
  Arena arena(mebibyte);
  void* a = arena.take(1000);
  void* b = arena.take(1000);
  arena.give_back(a, 1000);
  CHECK(arena.take(1000) == a);
  arena.give_back(b, 1000);
  CHECK(arena.take(1000) == b);
  CHECK(arena.extent() == 2048);
}

TEST_CASE("the gap that fits best is taken") {
  Arena arena(mebibyte);
  void* large = arena.take(640);
  arena.take(64);
  void* small = arena.take(128);
  arena.take(64);
  arena.give_back(large, 640);
  arena.give_back(small, 128);
  CHECK(arena.take(100) == small);
  CHECK(arena.take(100) == large);
  CHECK(arena.take(500) == static_cast<char*>(large) + 128);  // the rest of that gap
}

TEST_CASE("neighbouring gaps merge whatever the order of return") {
  for (const std::vector<int>& order : {std::vector{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}, {1, 2, 0}}) {
    Arena arena(mebibyte);
    void* const buffers[] = {arena.take(256), arena.take(256), arena.take(256)};
    arena.take(64);  // separates them from the free space at the end
    for (const int i : order) arena.give_back(buffers[i], 256);
    CHECK(arena.take(768) == buffers[0]);
  }
}

TEST_CASE("a buffer returned at the end merges with the free space") {
  Arena arena(1024);
  void* a = arena.take(512);
  void* b = arena.take(512);
  arena.give_back(a, 512);
  arena.give_back(b, 512);
  CHECK(arena.take(1024) == a);
}

TEST_CASE("a full arena throws an error that says how much is needed") {
  Arena arena(1000);  // 1024 once aligned
  void* a = arena.take(1000);
  CHECK_THROWS_WITH_AS(arena.take(1), doctest::Contains("more needed"), Error);
  arena.give_back(a, 1000);
  CHECK_THROWS_AS(arena.take(1025), Error);
  CHECK(arena.take(1024) == a);  // the refusal changed nothing
}

TEST_CASE("an arena that cannot be mapped throws") {
  CHECK_THROWS_WITH_AS(Arena(std::size_t{1} << 60), doctest::Contains("cannot map"), Error);
}

TEST_CASE("returning a buffer twice throws") {
  Arena arena(mebibyte);
  void* a = arena.take(256);
  void* b = arena.take(256);
  void* c = arena.take(256);
  arena.give_back(a, 256);
  CHECK_THROWS_AS(arena.give_back(a, 256), std::logic_error);
  arena.give_back(b, 256);  // merged into the gap of a
  CHECK_THROWS_AS(arena.give_back(b, 256), std::logic_error);
  arena.give_back(c, 256);  // now everything is free
  CHECK_THROWS_AS(arena.give_back(c, 256), std::logic_error);
}

TEST_CASE("returning a buffer that was never taken throws") {
  Arena arena(mebibyte);
  char* a = static_cast<char*>(arena.take(256));
  CHECK_THROWS_AS(arena.give_back(a + 256, 256), std::logic_error);
  CHECK_THROWS_AS(arena.give_back(a, 512), std::logic_error);
}

TEST_CASE("a planning arena places buffers as a real one does") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    Arena plan = Arena::planning();
    CHECK(plan.is_planning());
    const void* plan_origin = plan.take(4096);  // lives through all steps, as parameters do
    std::vector<std::vector<std::uintptr_t>> planned;
    for (std::uint64_t step = 0; step < 4; ++step) {
      planned.push_back(random_step(plan, seed + 10 * (step % 2), plan_origin));
    }
    CHECK(planned[0] != planned[1]);
    CHECK(planned[0] == planned[2]);  // a repeated step is placed identically
    CHECK(planned[1] == planned[3]);

    Arena real(plan.extent());  // exactly the planned size is enough
    CHECK_FALSE(real.is_planning());
    const void* real_origin = real.take(4096);
    for (std::uint64_t step = 0; step < 4; ++step) {
      CHECK(random_step(real, seed + 10 * (step % 2), real_origin) == planned[step]);
    }
    CHECK(real.extent() == plan.extent());
    {
      Arena tight(plan.extent() - 64);
      const void* tight_origin = tight.take(4096);
      const auto both_steps = [&] {
        random_step(tight, seed, tight_origin);
        random_step(tight, seed + 10, tight_origin);
      };
      CHECK_THROWS_AS(both_steps(), Error);  // one cache line less is not
    }
  }
}

TEST_CASE("a repeated step does not grow the arena") {
  Arena arena(4 * mebibyte);
  const void* origin = arena.take(64);
  random_step(arena, 3, origin);
  const std::size_t extent = arena.extent();
  for (int step = 0; step < 5; ++step) random_step(arena, 3, origin);
  CHECK(arena.extent() == extent);
}

TEST_CASE("an arena survives being moved") {
  Arena first(mebibyte);
  char* a = static_cast<char*>(first.take(1000));
  void* b = first.take(64);
  std::memset(a, 7, 1000);
  Arena second(std::move(first));
  CHECK(a[999] == 7);
  second.give_back(a, 1000);
  CHECK(second.take(1000) == a);
  CHECK(second.take(64) != b);
  CHECK(second.extent() == 1024 + 64 + 64);
}

}  // namespace
}  // namespace revnet
