// Images held out for validation, on files of CIFAR-100's size.
#include "train/load_data.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "data/dataset.h"
#include "files.h"
#include "record/packed_images.h"
#include "settings/config_schema.h"
#include "train/support.h"

namespace revnet {
namespace {

// Black images of classes in turn, except that the last one is grey.
void write_images(const std::filesystem::path& file, std::size_t images) {
  constexpr std::size_t bytes = 2 + cifar_bytes;
  std::string content(images * bytes, 0);
  for (std::size_t i = 0; i < images; ++i) content[i * bytes + 1] = static_cast<char>(i % 97);
  std::ranges::fill(std::span(content).last(cifar_bytes), 100);
  testing::write_file(file, content);
}

TEST_CASE("a test after a training with held-out images has that training's mean image and batches") {
  const testing::TemporaryDirectory folder;
  std::filesystem::create_directory(folder / "cifar-100-binary");
  write_images(folder / "cifar-100-binary/train.bin", 50'000);
  write_images(folder / "cifar-100-binary/test.bin", 10'000);
  Config config;
  config.dataset.name = Config::Dataset::Name::cifar100;
  config.dataset.directory = folder.path().string();
  const auto all = load_data(config), tested = load_data_with_held_out(config);
  config.dataset.validation = true;
  const auto trained = load_data(config);
  CHECK(trained->evaluation_size() == validation_images);
  CHECK(tested->evaluation_size() == 10'000);
  // The files are the same, whichever images of them are used.
  CHECK_FALSE(all->fingerprint().empty());
  CHECK(trained->fingerprint() == all->fingerprint());
  CHECK(tested->fingerprint() == all->fingerprint());
  // Without the last training image the mean is 0.
  const auto first_pixel = [](BatchSource& source, std::size_t image) {
    std::vector<float> pixels(cifar_bytes);
    std::vector<std::int32_t> label(1);
    source.fill_evaluation(image, source.evaluation_size(), pixels, label);
    return pixels[0];
  };
  CHECK(first_pixel(*all, 0) == -100.0f / 50'000);
  CHECK(first_pixel(*tested, 0) == 0);
  CHECK(first_pixel(*tested, 9'999) == 100);
  CHECK(first_pixel(*trained, 4'999) == 100);
  // Batches of the second epoch come from the same 45,000 images.
  constexpr std::size_t count = 10;
  std::vector<float> images(count * cifar_bytes), others(count * cifar_bytes);
  std::vector<std::int32_t> labels(count), other_labels(count);
  trained->fill_training(44'995, -1, images, labels);
  tested->fill_training(44'995, -1, others, other_labels);
  CHECK(images == others);
  CHECK(labels == other_labels);
}

TEST_CASE("to name the only size of CIFAR's images changes no setting, and another size is refused") {
  Config config;
  config.dataset.image_size = 32;
  CHECK(to_yaml(resolve_dataset(config)) == to_yaml(Config{}));
  config.dataset.image_size = 64;
  CHECK_THROWS_AS(resolve_dataset(config), UsageError);
}

TEST_CASE("a packed file without validation images is refused when it is opened") {
  const testing::TemporaryDirectory folder;
  PackedImageWriter writer(folder / "set.h5", {"cat"});
  writer.begin("train", 1);
  writer.add("cat/a.jpg", 0, 0, std::array<std::uint8_t, 1>{});
  writer.begin("val", 0);
  writer.save();
  const std::string refused =
      testing::message_of<DataError>([&] { open_photographs(folder / "set.h5", DamagedImages::skip); });
  CHECK(testing::contains(refused, "set.h5: train or val has no image"));
}

TEST_CASE("every setting of the augmentation, and the seed, reach the batches") {
  const auto batch = [](const char* key, const char* value) {
    Config config = small_config();
    set_value(config, key, value, "test");
    std::vector<float> images(10 * cifar_bytes);
    std::vector<std::int32_t> labels(10);
    load_data(config, make_synthetic(1, 60, 10))->fill_training(0, -1, images, labels);
    return images;
  };
  const std::vector<float> usual = batch("training.seed", "1");
  for (const auto& [key, value] : {std::pair{"augmentation.enabled", "false"},
                                   {"augmentation.flip", "false"},
                                   {"augmentation.padding", "4"},
                                   {"training.seed", "2"}}) {
    CAPTURE(key);
    CHECK(batch(key, value) != usual);
  }
}

}  // namespace
}  // namespace revnet
