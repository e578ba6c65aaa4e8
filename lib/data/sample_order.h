// The order in which training images are seen: an endless sequence of shuffled epochs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace revnet {

// Position p of the sequence lies in epoch p / size and is image permutation[p % size] of that epoch, where
// the permutation is a pure function of (seed, epoch). A resumed run, or a rank that reads only its shard,
// thus finds its place by arithmetic. The last two epochs are cached, because a batch may straddle two. at()
// changes the cache, so only one thread at a time may use an object.
class SampleOrder {
 public:
  struct Sample {
    std::uint32_t epoch = 0;
    std::uint32_t index = 0;  // of the image; less than size
  };

  // Throws Error unless 0 < size < 2^32.
  SampleOrder(std::size_t size, std::uint64_t seed);

  // Throws Error if the position is negative or its epoch does not fit in 32 bits.
  Sample at(std::int64_t position);

 private:
  struct Epoch {
    std::int64_t number = -1;  // -1: not yet drawn
    std::vector<std::uint32_t> permutation;
  };

  void draw(Epoch& epoch, std::uint32_t number) const;

  std::size_t size_;
  std::uint64_t seed_;
  std::array<Epoch, 2> cache_;  // by the epoch's parity, so that neighbours never displace each other
};

}  // namespace revnet
