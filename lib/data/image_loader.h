// Threads that make network inputs ahead of the training that needs them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace revnet {

// A row of items, numbered from 0, is read in batches. Each item is made by whichever worker is free, so what
// a batch holds depends on the item's number alone. Of the batch that is expected next, workers make as much
// as there is room for: one batch.
//
// Ownership: owns threads, which start with the first fill(), and the room. fill() is called by one thread.
class ImageLoader {
 public:
  // Writes an item, and returns its label. Called by several threads at a time. What it throws comes out of
  // the fill() that wants the item.
  using Make = std::function<std::int32_t(std::int64_t item, std::span<float> output)>;

  // `values`: of one item.
  ImageLoader(int workers, std::size_t values, Make make);
  ImageLoader(const ImageLoader&) = delete;
  ImageLoader& operator=(const ImageLoader&) = delete;
  ~ImageLoader();

  // Overwrites them with items first .. first + labels.size() - 1. `next`: where the next batch of that size
  // will probably begin; -1: nowhere.
  void fill(std::int64_t first, std::int64_t next, std::span<float> images, std::span<std::int32_t> labels);

 private:
  // Room for one item, which workers write and then fill() empties.
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

  std::mutex mutex_;  // guards all below
  std::condition_variable work_, done_;
  std::vector<Slot> slots_;  // of the batch that is read, and as they become free, of the next one
  std::vector<float> room_;  // [slots, values]
  std::int64_t first_ = -1;  // item of the batch that is read, or will be; -1: none
  std::int64_t next_ = -1;   // likewise, of the batch after that
  std::size_t begun_ = 0;    // items of the two batches that a worker has begun
  std::size_t read_ = 0;     // items of the first batch that fill() has emptied
  int busy_ = 0;             // workers that make an item
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace revnet
