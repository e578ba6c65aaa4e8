#include "data/image_loader.h"

#include <algorithm>
#include <utility>

#include "system/host.h"

namespace revnet {

ImageLoader::ImageLoader(int workers, std::size_t values, Make make)
    : values_(values), workers_(workers), make_(std::move(make)) {}

ImageLoader::~ImageLoader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ImageLoader::work() {
  run_on_usable_cores();
  std::unique_lock lock(mutex_);
  // An item of the next batch reuses the room of an item that has been read.
  const auto there_is_work = [this] {
    const std::size_t known = next_ >= 0 ? 2 * slots_.size() : slots_.size();
    return first_ >= 0 && begun_ < std::min(known, read_ + slots_.size());
  };
  while (true) {
    work_.wait(lock, [&] { return ending_ || there_is_work(); });
    if (ending_) return;
    make_item(begun_++, lock);
  }
}

void ImageLoader::make_item(std::size_t sequence, std::unique_lock<std::mutex>& lock) {
  const std::size_t place = sequence % slots_.size();
  const std::int64_t item = (sequence < slots_.size() ? first_ : next_) + static_cast<std::int64_t>(place);
  const std::span<float> output = room_of(place);
  ++busy_;
  lock.unlock();
  Slot made;
  made.done = true;
  try {
    made.label = make_(item, output);
  } catch (...) {
    made.failure = std::current_exception();
  }
  lock.lock();
  slots_[place] = std::move(made);
  --busy_;
  done_.notify_all();
}

void ImageLoader::start_batch(std::int64_t first, std::size_t size) {
  std::unique_lock lock(mutex_);
  first_ = -1;  // keeps workers from starting anything new
  done_.wait(lock, [this] { return busy_ == 0; });
  slots_.assign(size, {});
  room_.resize(size * values_);
  first_ = first;
  next_ = -1;
  begun_ = read_ = 0;
  while (threads_.size() < static_cast<std::size_t>(workers_)) threads_.emplace_back([this] { work(); });
}

void ImageLoader::take(std::size_t place, std::span<float> image, std::int32_t& label) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return slots_[place].done; });
  if (slots_[place].failure) {
    first_ = -1;  // so that the next fill() starts afresh
    std::rethrow_exception(slots_[place].failure);
  }
  lock.unlock();
  std::ranges::copy(room_of(place), image.begin());
  label = slots_[place].label;
  lock.lock();
  slots_[place] = {};
  ++read_;
  work_.notify_one();
}

void ImageLoader::fill(std::int64_t first, std::int64_t next, std::span<float> images,
                       std::span<std::int32_t> labels) {
  if (labels.empty()) return;
  if (first != first_ || labels.size() != slots_.size()) start_batch(first, labels.size());
  {
    const std::lock_guard lock(mutex_);
    next_ = next;
  }
  work_.notify_all();
  for (std::size_t place = 0; place < labels.size(); ++place) {
    take(place, images.subspan(place * values_, values_), labels[place]);
  }
  const std::lock_guard lock(mutex_);
  first_ = next_;
  next_ = -1;
  begun_ -= slots_.size();
  read_ = 0;
}

}  // namespace revnet
