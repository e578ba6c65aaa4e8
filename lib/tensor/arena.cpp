#include "tensor/arena.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <stdexcept>
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
  // Never touched; null would mean an empty arena.
  arena.base_ = reinterpret_cast<char*>(alignment);  // NOLINT(performance-no-int-to-ptr)
  arena.capacity_ = std::numeric_limits<std::size_t>::max() / 4;
  return arena;
}

Arena::Arena(Arena&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      end_(other.end_),
      extent_(other.extent_),
      planning_(other.planning_),
      live_(other.live_),
      free_(std::move(other.free_)) {}

Arena::~Arena() {
  if (base_ != nullptr && !planning_) munmap(base_, capacity_);
}

void* Arena::take(std::size_t bytes) {
  bytes = aligned(bytes);
  if (free_.capacity() <= live_ + 1)
    free_.reserve(2 * (live_ + 2));  // for the gap that this buffer may leave
  // Best fit among the gaps, lowest address first among equals.
  auto best = free_.end();
  for (auto gap = free_.begin(); gap != free_.end(); ++gap) {
    if (gap->second >= bytes && (best == free_.end() || gap->second < best->second)) best = gap;
  }
  if (best != free_.end()) {
    ++live_;
    const std::size_t offset = best->first;
    *best = {offset + bytes, best->second - bytes};
    if (best->second == 0) free_.erase(best);
    return base_ + offset;
  }
  // None fits: go beyond the last buffer. Placement depends on neither the capacity nor an earlier extent, so
  // every step places the same sequence alike, in a planning arena and in a real one.
  if (bytes > capacity_ - end_) {
    throw Error("the memory plan of {} is full: {} more needed; use a smaller --batch or network",
                format_bytes(capacity_), format_bytes(bytes));
  }
  ++live_;
  void* buffer = base_ + end_;
  end_ += bytes;
  extent_ = std::max(extent_, end_);
  return buffer;
}

void Arena::give_back(void* buffer, std::size_t bytes) {
  bytes = aligned(bytes);
  const std::size_t offset = static_cast<std::size_t>(static_cast<char*>(buffer) - base_);
  auto next = std::ranges::lower_bound(free_, offset, {}, &std::pair<std::size_t, std::size_t>::first);
  const std::size_t limit = next == free_.end() ? end_ : next->first;
  const bool after_gap = next != free_.begin();
  if (offset + bytes > limit || (after_gap && std::prev(next)->first + std::prev(next)->second > offset)) {
    throw std::logic_error("Arena: buffer returned twice, or never taken");
  }
  --live_;
  // Merge with the gaps on both sides, and with the free space beyond the end.
  auto gap = free_.insert(next, {offset, bytes});
  next = std::next(gap);
  if (next != free_.end() && offset + bytes == next->first) {
    gap->second += next->second;
    free_.erase(next);
  }
  if (after_gap && std::prev(gap)->first + std::prev(gap)->second == offset) {
    const auto previous = std::prev(gap);
    previous->second += gap->second;
    free_.erase(gap);
    gap = previous;
  }
  if (gap->first + gap->second == end_) {
    end_ = gap->first;
    free_.erase(gap);
  }
}

}  // namespace revnet
