#include "fuzz/mutation.h"

#include <algorithm>
#include <array>

namespace revnet::fuzz {
namespace {

constexpr std::array<std::uint64_t, 10> limits{
    0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff};

class Damage {
 public:
  Damage(Bytes& bytes, const std::vector<Bytes>& seeds, const Ranges& ranges, Random& random)
      : bytes_(bytes), seeds_(seeds), ranges_(ranges), random_(random) {}

  void one() {
    const std::size_t at = place(), length = std::min(1 + random_.below(40), bytes_.size() - at);
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(length);
    switch (random_.below(10)) {
      case 0:
      case 1:
        if (at < bytes_.size()) bytes_[at] ^= static_cast<std::uint8_t>(1U << random_.below(8));
        return;
      case 2:
      case 3:
        if (at < bytes_.size()) bytes_[at] = static_cast<std::uint8_t>(random_.bits());
        return;
      case 4:
      case 5:
        return number(at);
      case 6:
        return void(bytes_.erase(begin, end));
      case 7: {
        const Bytes block(begin, end);
        const std::size_t to = place();
        return insert(to, block);
      }
      case 8:
        return insert(at, of_a_seed());
      default:
        return random_.below(8) == 0 ? bytes_.resize(at) : overwrite(at, of_a_seed());
    }
  }

 private:
  std::size_t place() {
    if (ranges_.empty() || random_.below(10) == 0) return random_.below(bytes_.size() + 1);
    const auto [begin, end] = ranges_[random_.below(ranges_.size())];
    return std::min(begin + random_.below(end - begin), bytes_.size());
  }

  // Sets a little-endian number of 1, 2, 4 or 8 bytes to a limit, or makes it a little larger or smaller.
  void number(std::size_t at) {
    const std::size_t size = std::min(std::size_t{1} << random_.below(4), bytes_.size() - at);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes_[at + i]} << (8 * i);
    value = random_.below(2) == 0 ? limits[random_.below(limits.size())] : value + random_.below(17) - 8;
    for (std::size_t i = 0; i < size; ++i) bytes_[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }

  Bytes of_a_seed() {
    const Bytes& seed = seeds_[random_.below(seeds_.size())];
    const std::size_t from = random_.below(seed.size());
    const std::size_t length = std::min(1 + random_.below(60), seed.size() - from);
    return {seed.begin() + static_cast<std::ptrdiff_t>(from),
            seed.begin() + static_cast<std::ptrdiff_t>(from + length)};
  }

  void insert(std::size_t at, const Bytes& block) {
    bytes_.insert(bytes_.begin() + static_cast<std::ptrdiff_t>(at), block.begin(), block.end());
  }

  void overwrite(std::size_t at, const Bytes& block) {
    bytes_.resize(std::max(bytes_.size(), at + block.size()));
    std::ranges::copy(block, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  Bytes& bytes_;
  const std::vector<Bytes>& seeds_;
  const Ranges& ranges_;
  Random& random_;
};

}  // namespace

Bytes damaged(const Bytes& input, const std::vector<Bytes>& seeds, const Ranges& ranges, Random& random) {
  Bytes result = input;
  Damage damage(result, seeds, ranges, random);
  for (std::size_t changes = 1 + random.below(8); changes > 0; --changes) damage.one();
  return result;
}

}  // namespace revnet::fuzz
