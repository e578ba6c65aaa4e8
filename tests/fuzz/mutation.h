// Damage to inputs, deterministic: input i of a seed is always the same.
#pragma once

#include <random>
#include <utility>

#include "fuzz/target.h"

namespace revnet::fuzz {

// Below() alone is used of it, since std's distributions differ from library to library.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t index) : engine_(seed * 1'000'003 + index) {}
  // 0 .. end - 1; 0 where end is 0.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }
  std::uint64_t bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// [begin, end) of bytes.
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

// One to eight changes: bits, bytes, numbers at their limits, blocks copied, removed, cut off, or taken from
// another of the seeds. Nine of ten begin in the ranges, if there are any.
Bytes damaged(const Bytes& input, const std::vector<Bytes>& seeds, const Ranges& ranges, Random& random);

}  // namespace revnet::fuzz
