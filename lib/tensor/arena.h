// One region of memory from which every tensor takes its buffer, reused as lifetimes end.
//
// Every training step takes and returns the same buffers in the same order. A step run on a planning arena,
// which hands out addresses but no memory, therefore tells exactly how large the real arena must be. The real
// one is mapped once, and no tensor needs more of the system after that.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace revnet {

class Arena {
 public:
  // Maps `capacity` bytes; pages become resident when first touched. Throws Error if the system refuses.
  explicit Arena(std::size_t capacity);
  // An arena with no memory behind it: buffers may be taken and returned, but not touched.
  static Arena planning();
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena& operator=(Arena&&) = delete;

  // A buffer of at least `bytes` bytes, aligned to a cache line. Throws Error if the arena is full.
  void* take(std::size_t bytes);
  // Returns a buffer to the arena. `bytes` is the size passed to take(). Allocates nothing, since destructors
  // call it.
  void give_back(void* buffer, std::size_t bytes);

  bool is_planning() const { return planning_; }
  // One past the highest byte ever taken: the capacity that the same sequence of calls needs.
  std::size_t extent() const { return extent_; }

 private:
  Arena() = default;

  char* base_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t end_ = 0;     // one past the last live buffer
  std::size_t extent_ = 0;  // the largest value end_ has had
  bool planning_ = false;
  std::size_t live_ = 0;  // buffers
  // The gaps below end_ (offset and bytes) by offset, merged with their neighbours: one below each live
  // buffer at most.
  std::vector<std::pair<std::size_t, std::size_t>> free_;
};

}  // namespace revnet
