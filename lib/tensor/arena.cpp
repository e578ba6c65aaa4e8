#include "tensor/arena.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/mman.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {
namespace {

constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) {
  return std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
}

}  // namespace

Arena::Arena(std::size_t capacity) : capacity_(aligned(capacity)) {
  void* region =
      mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) {
    throw Error("cannot map " + format_bytes(capacity_) + " of memory (" + std::strerror(errno) +
                "): use a smaller --batch or raise the memory limit");
  }
  base_ = static_cast<char*>(region);
  // Large pages spare a page-table walk for every few kilobytes of a blocked layout; only advice, so a
  // refusal changes nothing but speed.
  madvise(region, capacity_, MADV_HUGEPAGE);
}

Arena Arena::planning() {
  Arena arena;
  arena.planning_ = true;
  arena.base_ = reinterpret_cast<char*>(alignment);  // never touched; not null, so that it reads as taken
  arena.capacity_ = std::numeric_limits<std::size_t>::max() / 4;
  return arena;
}

Arena::Arena(Arena&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      extent_(other.extent_),
      planning_(other.planning_),
      free_(std::move(other.free_)) {}

Arena::~Arena() {
  if (base_ != nullptr && !planning_) munmap(base_, capacity_);
}

void* Arena::take(std::size_t bytes) {
  bytes = aligned(bytes);
  // Best fit among the gaps, lowest address first among equals.
  auto best = free_.end();
  for (auto gap = free_.begin(); gap != free_.end(); ++gap) {
    if (gap->second >= bytes && (best == free_.end() || gap->second < best->second)) best = gap;
  }
  if (best != free_.end()) {
    const auto [offset, size] = *best;
    free_.erase(best);
    if (size > bytes) free_.emplace(offset + bytes, size - bytes);
    return base_ + offset;
  }
  // None fits: grow, from the last gap if it reaches the end. Capacity plays no part in where a buffer goes,
  // so that a planning arena and a real one place the same sequence alike.
  std::size_t offset = extent_;
  if (!free_.empty() && free_.rbegin()->first + free_.rbegin()->second == extent_) {
    offset = free_.rbegin()->first;
  }
  if (bytes > capacity_ - offset) {
    throw Error("the memory plan of " + format_bytes(capacity_) + " is full: " + format_bytes(bytes) +
                " more needed");
  }
  if (offset < extent_) free_.erase(std::prev(free_.end()));
  extent_ = offset + bytes;
  return base_ + offset;
}

void Arena::give_back(void* buffer, std::size_t bytes) {
  bytes = aligned(bytes);
  std::size_t offset = static_cast<std::size_t>(static_cast<char*>(buffer) - base_);
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && offset + bytes > next->first)
    throw std::logic_error("Arena: buffer returned twice");
  if (next != free_.end() && offset + bytes == next->first) {
    bytes += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second > offset) throw std::logic_error("Arena: buffer returned twice");
    if (previous->first + previous->second == offset) {
      previous->second += bytes;
      return;
    }
  }
  free_.emplace(offset, bytes);
}

}  // namespace revnet
