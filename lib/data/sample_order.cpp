#include "data/sample_order.h"

#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace revnet {
namespace {

constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();

}  // namespace

SampleOrder::SampleOrder(std::size_t size, std::uint64_t seed) : size_(size), seed_(seed) {
  if (size == 0 || size > u32_max) {
    throw Error("cannot shuffle a set of " + std::to_string(size) + " images; 1 to 4294967295 are possible");
  }
}

SampleOrder::Sample SampleOrder::at(std::int64_t position) {
  if (position < 0) throw Error("sample position " + std::to_string(position) + " is negative");
  const std::uint64_t number = static_cast<std::uint64_t>(position) / size_;
  if (number > u32_max) throw Error("sample position " + std::to_string(position) + " is beyond epoch 2^32");
  Epoch& epoch = cache_[number % 2];
  if (epoch.number != static_cast<std::int64_t>(number)) draw(epoch, static_cast<std::uint32_t>(number));
  return {static_cast<std::uint32_t>(number),
          epoch.permutation[static_cast<std::uint64_t>(position) % size_]};
}

// Fisher-Yates, written out because std::shuffle may differ between standard libraries.
void SampleOrder::draw(Epoch& epoch, std::uint32_t number) const {
  epoch.permutation.resize(size_);
  std::iota(epoch.permutation.begin(), epoch.permutation.end(), 0u);
  RandomStream random(seed_, Purpose::shuffle, number, 0);
  for (auto last = static_cast<std::uint32_t>(size_ - 1); last > 0; --last) {
    std::swap(epoch.permutation[last], epoch.permutation[random.below(last + 1)]);
  }
  epoch.number = number;
}

}  // namespace revnet
