// Worker threads that prepare network inputs before training needs them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace revnet {

// Reads a sequence of items, numbered from 0, in batches. Any free worker may make an item, so an item must
// depend on its number alone. Workers prepare the expected next batch as far as there is room, which is one
// batch in all.
//
// Ownership: owns its room and its threads, which start with the first fill(). Only one thread may call
// fill().
class ImageLoader {
 public:
  // Writes an item and returns its label. Several threads call it at a time. fill() rethrows the exception of
  // an item when it reaches that item.
  using Make = std::function<std::int32_t(std::int64_t item, std::span<float> output)>;

  // `values` is the number of values in one item.
  ImageLoader(int workers, std::size_t values, Make make);
  ImageLoader(const ImageLoader&) = delete;
  ImageLoader& operator=(const ImageLoader&) = delete;
  ~ImageLoader();

  // Overwrites images and labels with items first .. first + labels.size() - 1. `next` is where the next
  // batch of that size will probably begin, or -1 if there is none.
  void fill(std::int64_t first, std::int64_t next, std::span<float> images, std::span<std::int32_t> labels);

 private:
  // The state of one item's room: a worker fills it, and fill() empties it.
  struct Slot {
    bool done = false;
    std::int32_t label = 0;
    std::exception_ptr failure;
  };

  void work();
  void make_item(std::size_t sequence, std::unique_lock<std::mutex>& lock);
  void start_batch(std::int64_t first, std::size_t size);
  void take(std::size_t place, std::span<float> image, std::int32_t& label);
  std::span<float> room_of(std::size_t place) { return std::span(room_).subspan(place * values_, values_); }

  const std::size_t values_;
  const int workers_;
  const Make make_;

  std::mutex mutex_;  // guards everything below
  std::condition_variable work_, done_;
  std::vector<Slot> slots_;  // of the current batch and, as they become free, of the next one
  std::vector<float> room_;  // [slots, values]
  std::int64_t first_ = -1;  // first item of the current or coming batch; -1: none
  std::int64_t next_ = -1;   // first item of the batch after that; -1: none
  // Items that workers have begun, of the current batch and then of the next, and items of the current batch
  // that fill() has emptied. With batches of 4, begun 6 and read 3: workers have begun all of this batch and
  // two of the next, and one room is free for the third.
  std::size_t begun_ = 0;
  std::size_t read_ = 0;
  int busy_ = 0;  // workers that are making an item
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace revnet
