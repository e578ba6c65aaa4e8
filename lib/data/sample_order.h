// The order in which training images are seen: an endless row of shuffled epochs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace revnet {

// Position p of the row lies in epoch p / size and is image permutation[p % size] of that epoch, where the
// permutation is a pure function of (seed, epoch). So a resumed run, or a rank that reads only its shard,
// finds its place by arithmetic. A batch may straddle two epochs: the two last used are kept.
// at() fills that cache, so an object belongs to one thread at a time.
class SampleOrder {
 public:
  struct Sample {
    std::uint32_t epoch = 0;
    std::uint32_t index = 0;  // of the image, below size
  };

  // Error unless 0 < size < 2^32.
  SampleOrder(std::size_t size, std::uint64_t seed);

  // Error when position is negative or its epoch does not fit 32 bits.
  Sample at(std::int64_t position);

 private:
  struct Epoch {
    std::int64_t number = -1;  // -1: not drawn yet
    std::vector<std::uint32_t> permutation;
  };

  void draw(Epoch& epoch, std::uint32_t number) const;

  std::size_t size_;
  std::uint64_t seed_;
  std::array<Epoch, 2> cache_;  // by the parity of the epoch: neighbours never displace each other
};

}  // namespace revnet
