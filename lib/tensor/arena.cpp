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
    throw Error("cannot map {} of memory ({}): use a smaller --batch or raise the memory limit",
                format_bytes(capacity_), std::strerror(errno));
  }
  base_ = static_cast<char*>(region);
  // Huge pages save a page-table walk for every few kilobytes of a blocked layout. This is only advice: if
  // the kernel declines, only speed suffers.
  madvise(region, capacity_, MADV_HUGEPAGE);
}

Arena Arena::planning() {
  Arena arena;
  arena.planning_ = true;
  arena.base_ = reinterpret_cast<char*>(alignment);  // never touched; null would mean an empty arena
  arena.capacity_ = std::numeric_limits<std::size_t>::max() / 4;
  return arena;
}

Arena::Arena(Arena&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      end_(other.end_),
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
  // None fits: go beyond the last buffer. Placement depends on neither the capacity nor an earlier extent, so
  // every step places the same sequence alike, in a planning arena and in a real one.
  if (bytes > capacity_ - end_) {
    throw Error("the memory plan of {} is full: {} more needed", format_bytes(capacity_),
                format_bytes(bytes));
  }
  void* buffer = base_ + end_;
  end_ += bytes;
  extent_ = std::max(extent_, end_);
  return buffer;
}

void Arena::give_back(void* buffer, std::size_t bytes) {
  bytes = aligned(bytes);
  std::size_t offset = static_cast<std::size_t>(static_cast<char*>(buffer) - base_);
  const auto next = free_.lower_bound(offset);
  const std::size_t limit = next == free_.end() ? end_ : next->first;
  const bool after_gap = next != free_.begin();
  const auto previous = after_gap ? std::prev(next) : free_.end();
  if (offset + bytes > limit || (after_gap && previous->first + previous->second > offset)) {
    throw std::logic_error("Arena: buffer returned twice, or never taken");
  }
  // Merge with the gaps on both sides, and with the free space beyond the end.
  if (next != free_.end() && offset + bytes == next->first) {
    bytes += next->second;
    free_.erase(next);
  }
  if (after_gap && previous->first + previous->second == offset) {
    offset = previous->first;
    bytes += previous->second;
    free_.erase(previous);
  }
  if (offset + bytes == end_) {
    end_ = offset;
  } else {
    free_.emplace(offset, bytes);
  }
}

}  // namespace revnet
