// One region of memory from which every tensor takes its buffer, reused by lifetime.
//
// A training step takes and returns the same buffers in the same order every time, so a step run against a
// planning arena, which hands out addresses but no memory, tells exactly how large the real one must be.
// The real arena is mapped once; nothing is allocated from the system after that.
#pragma once

#include <cstddef>
#include <map>

namespace revnet {

class Arena {
 public:
  // Maps `capacity` bytes; pages become resident when first touched. Error when the system refuses.
  explicit Arena(std::size_t capacity);
  // Without memory behind it: buffers may be taken and returned, not touched.
  static Arena planning();
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena& operator=(Arena&&) = delete;

  // A buffer of at least `bytes` bytes, aligned to a cache line. Error when the arena is full.
  void* take(std::size_t bytes);
  // Returns a buffer. `bytes` is what was asked for.
  void give_back(void* buffer, std::size_t bytes);

  bool is_planning() const { return planning_; }
  // One past the highest byte ever taken: the capacity that the same sequence of calls needs.
  std::size_t extent() const { return extent_; }

 private:
  Arena() = default;

  char* base_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t end_ = 0;     // of the last buffer
  std::size_t extent_ = 0;  // the largest end_ ever
  bool planning_ = false;
  std::map<std::size_t, std::size_t> free_;  // gaps below end_: offset -> bytes; neighbours are merged
};

}  // namespace revnet
