// Deterministic damage to inputs: input i of a seed is always the same.
#pragma once

#include <random>
#include <utility>

#include "fuzz/target.h"

namespace revnet::fuzz {

// A generator with its own below(), since the results of std's distributions differ between libraries.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t index) : engine_(seed * 1'000'003 + index) {}
  // A number from 0 to end - 1, or 0 if end is 0.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }
  std::uint64_t bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// Ranges [begin, end) of bytes.
using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

// Makes one to eight changes to an input: flips bits, changes bytes, sets numbers to their limits, and
// copies, removes, cuts off or inserts blocks, some from other seeds. If there are ranges, nine in ten
// changes begin there.
Bytes damaged(const Bytes& input, const std::vector<Bytes>& seeds, const Ranges& ranges, Random& random);

}  // namespace revnet::fuzz
