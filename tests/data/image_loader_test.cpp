#include "data/image_loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

std::int32_t make_item(std::int64_t item, std::span<float> output) {
  // Some items take longer than others, so that workers overtake one another.
  std::this_thread::sleep_for(std::chrono::microseconds(item % 7 * 50));
  std::ranges::fill(output, static_cast<float>(item));
  return static_cast<std::int32_t>(item + 1);
}

struct Batch {
  explicit Batch(std::size_t size) : images(3 * size, -1), labels(size, -1) {}
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  void check(std::int64_t first) const {
    for (std::size_t n = 0; n < labels.size(); ++n) {
      const std::int64_t item = first + static_cast<std::int64_t>(n);
      CHECK(labels[n] == item + 1);
      for (std::size_t i = 0; i < 3; ++i) CHECK(images[3 * n + i] == static_cast<float>(item));
    }
  }
};

void check_batch(ImageLoader& loader, std::int64_t first, std::int64_t next, std::size_t size) {
  Batch batch(size);
  loader.fill(first, next, batch.images, batch.labels);
  batch.check(first);
}

TEST_CASE("batches hold their items for any number of workers and whatever was expected") {
  for (const int workers : {1, 2, 5}) {
    CAPTURE(workers);
    ImageLoader loader(workers, 3, make_item);
    for (std::int64_t step = 0; step < 10; ++step) check_batch(loader, 10 * step, 10 * (step + 1), 4);
    check_batch(loader, 100, 200, 4);  // as expected
    check_batch(loader, 7, 11, 4);     // not as expected
    check_batch(loader, 11, 12, 6);    // of another size
    check_batch(loader, 12, -1, 6);
    check_batch(loader, 18, 24, 6);
    check_batch(loader, 24, 24, 6);  // the same again
    check_batch(loader, 24, -1, 6);
  }
}

TEST_CASE("workers prepare one batch ahead and no more") {
  std::atomic<int> made{0};
  ImageLoader loader(2, 1, [&](std::int64_t, std::span<float>) { return ++made; });
  std::vector<float> images(5);
  std::vector<std::int32_t> labels(5);
  loader.fill(0, 5, images, labels);
  for (int waited = 0; made < 10 && waited < 2000; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(made == 10);
}

TEST_CASE("a failure surfaces with the batch that needs the item, every time") {
  ImageLoader loader(3, 3, [](std::int64_t item, std::span<float> output) {
    if (item == 9) throw std::runtime_error("item 9");
    return make_item(item, output);
  });
  check_batch(loader, 0, 4, 4);
  check_batch(loader, 4, 8, 4);
  Batch batch(4);
  for (int i = 0; i < 2; ++i) {
    CHECK(testing::message_of<std::runtime_error>([&] { loader.fill(8, 12, batch.images, batch.labels); }) ==
          "item 9");
  }
  check_batch(loader, 12, 16, 4);
}

TEST_CASE("a loader ends cleanly when unused and when work is pending") {
  { const ImageLoader never(4, 3, make_item); }
  ImageLoader busy(4, 3, make_item);
  check_batch(busy, 0, 1000, 8);
}

}  // namespace
}  // namespace revnet
