#include "data/batches.h"

#include <algorithm>
#include <limits>
#include <set>

#include <doctest/doctest.h>

#include "data/mean_image.h"
#include "data/synthetic.h"

namespace revnet {
namespace {

constexpr float poison = std::numeric_limits<float>::infinity();

struct Batch {
  explicit Batch(std::size_t size) : images(size * cifar_bytes, poison), labels(size, -1) {}
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  bool operator==(const Batch&) const = default;
};

struct Small {
  Dataset set = make_synthetic(5, 30, 7).train;
  std::vector<float> mean = mean_image(set);

  Batch batch(std::int64_t first, std::size_t size, std::uint64_t seed, Augmentation augmentation) const {
    TrainingBatches batches(set, mean, seed, augmentation);
    Batch result(size);
    batches.fill(first, result.images, result.labels);
    return result;
  }
};

// The definition, one pixel at a time: subtract, pad to an actual 3 x S x S image, crop, mirror.
std::vector<float> naive_augment(std::span<const std::uint8_t> image, const std::vector<float>& mean,
                                 int padding, CropAndFlip crop) {
  const std::size_t side = 32 + 2 * static_cast<std::size_t>(padding);
  std::vector<float> padded(std::size_t{3} * side * side, 0.0f);
  const auto at = [side](int c, int y, int x) { return (c * side + y) * side + x; };
  for (int k = 0; k < 3072; ++k) {
    const auto u = static_cast<std::size_t>(k);
    padded[at(k / 1024, k / 32 % 32 + padding, k % 32 + padding)] = static_cast<float>(image[u]) - mean[u];
  }
  std::vector<float> result;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        result.push_back(padded[at(c, crop.top + y, crop.left + (crop.flip ? 31 - x : x))]);
      }
    }
  }
  return result;
}

TEST_CASE_FIXTURE(Small, "every crop and flip matches a naive reference") {
  for (const int padding : {0, 1, 2, 4, 31}) {
    for (int top = 0; top <= 2 * padding; top += padding == 31 ? 13 : 1) {
      for (int left = 0; left <= 2 * padding; left += padding == 31 ? 31 : 1) {
        for (const bool flip : {false, true}) {
          std::vector<float> fast(cifar_bytes, poison);
          const CropAndFlip crop{top, left, flip};
          write_augmented(set.image(3).first<cifar_bytes>(),
                          std::span<const float>(mean).first<cifar_bytes>(), padding, crop,
                          std::span<float>(fast).first<cifar_bytes>());
          CHECK(fast == naive_augment(set.image(3), mean, padding, crop));
        }
      }
    }
  }
}

TEST_CASE("crop offsets cover exactly 0 to 4 and flips are about half") {
  const Augmentation augmentation;
  std::array<int, 25> places{};
  int flips = 0;
  constexpr int draws = 10'000;
  for (std::uint32_t i = 0; i < draws; ++i) {
    const CropAndFlip crop = draw_crop_and_flip(augmentation, 9, i / 100, i % 100);
    REQUIRE(crop.top >= 0);
    REQUIRE(crop.top <= 4);
    REQUIRE(crop.left >= 0);
    REQUIRE(crop.left <= 4);
    ++places.at(std::size_t{5} * crop.top + crop.left);
    flips += crop.flip;
  }
  for (const int count : places) {
    CHECK(count > 300);  // five standard deviations around 400
    CHECK(count < 500);
  }
  CHECK(flips > draws / 2 - 250);
  CHECK(flips < draws / 2 + 250);
}

TEST_CASE("draws depend on seed, epoch and index") {
  const Augmentation augmentation;
  const auto differing = [&](std::uint64_t seed, std::uint32_t epoch, std::uint32_t shift) {
    int count = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const CropAndFlip a = draw_crop_and_flip(augmentation, 9, 4, i);
      const CropAndFlip b = draw_crop_and_flip(augmentation, seed, epoch, i + shift);
      count += a.top != b.top || a.left != b.left || a.flip != b.flip;
    }
    return count;
  };
  CHECK(differing(9, 4, 0) == 0);
  CHECK(differing(10, 4, 0) > 80);
  CHECK(differing(9, 5, 0) > 80);
  CHECK(differing(9, 4, 1) > 80);
}

TEST_CASE("switching off flips does not move the crops") {
  const Augmentation with;
  const Augmentation without{.flip = false};
  for (std::uint32_t i = 0; i < 100; ++i) {
    const CropAndFlip a = draw_crop_and_flip(with, 9, 0, i);
    const CropAndFlip b = draw_crop_and_flip(without, 9, 0, i);
    CHECK_FALSE(b.flip);
    CHECK(a.top == b.top);
    CHECK(a.left == b.left);
  }
}

TEST_CASE_FIXTURE(Small, "padding is zero after the mean is subtracted") {
  std::vector<float> output(cifar_bytes, poison);
  write_augmented(set.image(0).first<cifar_bytes>(), std::span<const float>(mean).first<cifar_bytes>(), 2,
                  {0, 4, false}, std::span<float>(output).first<cifar_bytes>());
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < 32; ++y) {
      for (std::size_t x = 0; x < 32; ++x) {
        const bool outside = y < 2 || x >= 30;
        CHECK((output[c * 1024 + y * 32 + x] == 0.0f) == outside);  // no inner pixel equals its mean here
      }
    }
  }
}

TEST_CASE_FIXTURE(Small, "a batch holds the shuffled images, each augmented by its own draw") {
  const Augmentation augmentation;
  const Batch result = batch(25, 12, 77, augmentation);  // straddles epochs 0 and 1 of 30
  SampleOrder order(30, 77);
  std::set<std::uint32_t> epochs;
  for (std::size_t n = 0; n < 12; ++n) {
    const auto [epoch, index] = order.at(25 + static_cast<std::int64_t>(n));
    epochs.insert(epoch);
    CHECK(result.labels[n] == set.labels[index]);
    const auto expected =
        naive_augment(set.image(index), mean, 2, draw_crop_and_flip(augmentation, 77, epoch, index));
    CHECK(std::equal(expected.begin(), expected.end(), result.images.begin() + static_cast<long>(n * 3072)));
  }
  CHECK(epochs.size() == 2);
}

TEST_CASE_FIXTURE(Small, "the same seed gives the same batch, in any order of calls") {
  TrainingBatches batches(set, mean, 77, {});
  for (const std::int64_t first : {300, 0, 25, 50, 25, 7}) {
    Batch result(12);
    batches.fill(first, result.images, result.labels);
    CHECK((result == batch(first, 12, 77, {})));
  }
}

TEST_CASE_FIXTURE(Small, "two shards make the whole batch") {
  const Batch whole = batch(24, 12, 77, {});
  const Batch left = batch(24, 6, 77, {});
  const Batch right = batch(30, 6, 77, {});
  CHECK(std::equal(left.images.begin(), left.images.end(), whole.images.begin()));
  CHECK(std::equal(right.images.begin(), right.images.end(), whole.images.begin() + 6l * 3072));
  CHECK(std::equal(right.labels.begin(), right.labels.end(), whole.labels.begin() + 6));
}

TEST_CASE_FIXTURE(Small, "epochs and seeds give different batches") {
  const Batch first = batch(0, 30, 77, {});
  CHECK(first.images != batch(30, 30, 77, {}).images);
  CHECK(first.images != batch(0, 30, 78, {}).images);
}

TEST_CASE_FIXTURE(Small, "the same image is augmented differently in another epoch") {
  Dataset one;
  one.labels = {4};
  one.images.assign(set.images.begin(), set.images.begin() + 3072);
  TrainingBatches batches(one, mean, 3, {});
  Batch epochs(60);
  batches.fill(0, epochs.images, epochs.labels);
  std::set<std::vector<float>> seen;
  for (auto at = epochs.images.begin(); at != epochs.images.end(); at += 3072) seen.emplace(at, at + 3072);
  CHECK(seen.size() > 25);  // of 50 possible
}

TEST_CASE_FIXTURE(Small, "disabled augmentation is the image minus the mean") {
  const Batch result = batch(0, 30, 77, {.enabled = false});
  SampleOrder order(30, 77);
  for (std::size_t n = 0; n < 30; ++n) {
    const auto index = order.at(static_cast<std::int64_t>(n)).index;
    CHECK(result.labels[n] == set.labels[index]);
    std::size_t wrong = 0;
    for (std::size_t k = 0; k < 3072; ++k) {
      wrong += result.images[n * 3072 + k] != static_cast<float>(set.image(index)[k]) - mean[k];
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE_FIXTURE(Small, "batches refuse buffers and settings that do not fit") {
  const std::span<const float> short_mean = std::span<const float>(mean).first(3071);
  CHECK_THROWS_AS(TrainingBatches(set, short_mean, 1, {}), Error);
  CHECK_THROWS_AS(TrainingBatches(Dataset{}, mean, 1, {}), Error);
  CHECK_THROWS_AS(TrainingBatches(set, mean, 1, {.padding = -1}), UsageError);
  CHECK_THROWS_AS(TrainingBatches(set, mean, 1, {.padding = 32}), UsageError);
  TrainingBatches batches(set, mean, 1, {});
  Batch result(2);
  CHECK_THROWS_AS(batches.fill(-1, result.images, result.labels), Error);
  result.labels.push_back(0);
  CHECK_THROWS_AS(batches.fill(0, result.images, result.labels), Error);
}

}  // namespace
}  // namespace revnet
