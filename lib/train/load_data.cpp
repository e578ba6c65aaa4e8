#include "train/load_data.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "data/cifar.h"
#include "data/jpeg_source.h"
#include "data/memory_source.h"
#include "data/shapes.h"
#include "data/synthetic.h"
#include "record/packed_images.h"
#include "system/host.h"

namespace revnet {
namespace {

using Name = Config::Dataset::Name;

constexpr int imagenet_classes = 1000, photograph_size = 224;
constexpr int cores_per_worker = 8;

// An average decoded photograph and the buffers for resizing it.
constexpr std::uint64_t bytes_per_worker = 8'000'000;

bool is_packed(const std::filesystem::path& place) {
  std::error_code unreadable;  // whoever reads the place will say why
  return std::filesystem::is_regular_file(place, unreadable);
}

JpegSet packed_set(const std::filesystem::path& file, PackedSet packed) {
  std::vector<JpegImage> images(packed.name.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = {std::move(packed.name[i]), static_cast<std::uint64_t>(packed.offset[i]),
                 static_cast<std::uint64_t>(packed.size[i]), static_cast<std::int32_t>(packed.label[i]),
                 static_cast<std::uint32_t>(packed.checksum[i])};
  }
  return JpegSet::in_file(file, std::move(images));
}

// A data set whose images all stay in memory.
struct SetInMemory {
  std::int64_t classes;
  std::size_t training_images, test_images;
  Splits (*read)(const Config& config);
  std::vector<std::string> (*class_names)(const std::filesystem::path& directory);  // empty if they have none
};

SetInMemory set_in_memory(Name name) {
  using std::filesystem::path;
  switch (name) {
    case Name::cifar10:
      return {
          cifar10_format.classes, cifar_train_size, cifar_test_size,
          [](const Config& config) { return read_cifar10(config.dataset.directory); },
          [](const path& directory) { return read_class_names(directory / cifar10_folder, cifar10_format); }};
    case Name::cifar100:
      return {cifar100_format.classes, cifar_train_size, cifar_test_size,
              [](const Config& config) { return read_cifar100(config.dataset.directory); },
              [](const path& directory) {
                return read_class_names(directory / cifar100_folder, cifar100_format);
              }};
    case Name::synthetic:
      return {shape_count, synthetic_train_size, synthetic_test_size,
              [](const Config& config) { return make_synthetic(config.training.seed); },
              [](const path&) { return std::vector<std::string>(); }};
    case Name::imagenet:
    case Name::images:
      break;
  }
  throw std::logic_error("photographs do not stay in memory");
}

// Refuses settings that only data sets of the other kind have.
void refuse_settings_of_other_sets(const Config& config) {
  const bool photographs = has_photographs(config);
  for (const char* key : photographs ? std::vector{"augmentation.padding"}
                                     : std::vector{"dataset.classes", "dataset.values", "dataset.damaged",
                                                   "dataset.workers", "augmentation.colour"}) {
    const std::string value = value_of(config, key), otherwise = value_of(Config{}, key);
    if (value == otherwise) continue;
    throw UsageError("{}: {} applies to {} only, not to {}; leave it at {}", key, value,
                     photographs ? "CIFAR and synthetic images" : "photographs", name(config.dataset.name),
                     otherwise);
  }
}

void check_classes(const Config& config, const JpegSplits& splits) {
  const auto wanted = static_cast<std::size_t>(config.dataset.classes);
  if (splits.classes.size() == wanted) return;
  const bool imagenet = config.dataset.name == Name::imagenet;
  throw DataError(
      config.dataset.directory, fmt::format("{} classes instead of {}", splits.classes.size(), wanted),
      imagenet ? "ImageNet has 1,000 in train and in val; for other sets, use images, not imagenet"
               : "use the images that the network is for or, to train it anew, set dataset.classes to 0");
}

JpegOptions jpeg_options(const Config& config) {
  JpegOptions options;
  options.photograph.size = image_size_of(config);
  options.photograph.augment = config.augmentation.enabled;
  options.photograph.flip = config.augmentation.flip;
  options.photograph.colour = config.augmentation.colour;
  if (config.dataset.values == Config::Dataset::Values::standardized)
    options.photograph.values = standardized_values();
  options.seed = config.training.seed;
  options.workers = loader_workers(config);
  options.damaged =
      config.dataset.damaged == Config::Dataset::Damaged::skip ? DamagedImages::skip : DamagedImages::refuse;
  return options;
}

}  // namespace

Config resolve_dataset(Config config) {
  Config::Dataset& dataset = config.dataset;
  refuse_settings_of_other_sets(config);
  if (!has_photographs(config)) {
    if (dataset.image_size != 0 && dataset.image_size != cifar_side) {
      throw UsageError(fmt::format("dataset.image_size: images of {} have 32 pixels a side, not {}",
                                   name(dataset.name), dataset.image_size));
    }
    dataset.image_size = 0;  // the default, so that naming the only size makes no other recipe
    return config;
  }
  if (dataset.validation) {
    throw UsageError(
        fmt::format("dataset.validation: {} is always evaluated on the images in val; omit --validation, or "
                    "put other images there",
                    name(dataset.name)));
  }
  if (dataset.image_size == 0) dataset.image_size = photograph_size;
  if (dataset.classes == 0 && dataset.name == Name::imagenet) dataset.classes = imagenet_classes;
  if (dataset.classes == 0) {
    dataset.classes =
        static_cast<int>(is_packed(dataset.directory) ? read_packed_images(dataset.directory).classes.size()
                                                      : class_folders(dataset.directory).size());
  }
  return config;
}

std::int64_t classes(const Config& config) {
  if (has_photographs(config)) return config.dataset.classes;
  return set_in_memory(config.dataset.name).classes;
}

std::vector<std::string> class_names(const Config& config) {
  const std::filesystem::path place = config.dataset.directory;
  if (!has_photographs(config)) return set_in_memory(config.dataset.name).class_names(place);
  return is_packed(place) ? read_packed_images(place).classes : class_folders(place);
}

int image_size_of(const Config& config) {
  return has_photographs(config) ? config.dataset.image_size : cifar_side;
}

std::size_t training_images(const Config& config) {
  if (has_photographs(config)) {
    const std::filesystem::path place = config.dataset.directory;
    const DamagedImages damaged = jpeg_options(config).damaged;
    // Looking into every file takes long. Where none may be damaged, names suffice; load_data() looks.
    if (damaged == DamagedImages::refuse && !is_packed(place)) return count_training_files(place);
    return open_photographs(place, damaged).train.size();
  }
  const std::size_t all = set_in_memory(config.dataset.name).training_images;
  return config.dataset.validation ? all - validation_images : all;
}

std::size_t evaluation_images(const Config& config) {
  constexpr std::size_t imagenet = 50'000;
  if (has_photographs(config)) return imagenet;
  return config.dataset.validation ? validation_images : set_in_memory(config.dataset.name).test_images;
}

Augmentation augmentation(const Config& config) {
  Augmentation settings;
  settings.enabled = config.augmentation.enabled;
  settings.padding = config.augmentation.padding;
  settings.flip = config.augmentation.flip;
  return settings;
}

int loader_workers(const Config& config) {
  if (config.dataset.workers > 0) return config.dataset.workers;
  return std::max(1, default_threads() / cores_per_worker);
}

std::uint64_t loader_bytes(const Config& config, std::int64_t batch) {
  if (!has_photographs(config)) return 0;
  const auto side = static_cast<std::uint64_t>(image_size_of(config));
  const std::uint64_t room = sizeof(float) * 3 * side * side * static_cast<std::uint64_t>(batch);
  // Training and evaluation each decode ahead.
  return 2 * (room + bytes_per_worker * static_cast<std::uint64_t>(loader_workers(config)));
}

std::uint64_t dataset_bytes(const Config& config, std::int64_t batch) {
  constexpr std::uint64_t index_entry = 160, photographs = 1'350'000;
  if (has_photographs(config)) return index_entry * photographs + loader_bytes(config, batch);
  const SetInMemory set = set_in_memory(config.dataset.name);
  return cifar_bytes * (set.training_images + set.test_images);
}

std::unique_ptr<BatchSource> load_data(const Config& config) {
  if (!has_photographs(config)) {
    Splits splits = set_in_memory(config.dataset.name).read(config);
    if (config.dataset.validation) splits = hold_out(std::move(splits), validation_images);
    return load_data(config, std::move(splits));
  }
  const JpegOptions options = jpeg_options(config);
  JpegSplits splits = open_photographs(config.dataset.directory, options.damaged);
  check_classes(config, splits);
  return std::make_unique<JpegSource>(std::move(splits), options);
}

std::unique_ptr<BatchSource> load_data_with_held_out(const Config& config) {
  Splits splits = set_in_memory(config.dataset.name).read(config);
  Dataset test = std::move(splits.test);
  splits = hold_out(std::move(splits), validation_images);
  splits.test = std::move(test);
  return load_data(config, std::move(splits));
}

std::unique_ptr<BatchSource> load_data(const Config& config, Splits splits) {
  return std::make_unique<MemorySource>(std::move(splits), config.training.seed, augmentation(config));
}

JpegSplits open_photographs(const std::filesystem::path& place, DamagedImages damaged) {
  if (!is_packed(place)) return scan_image_folders(place, damaged);
  PackedImages packed = read_packed_images(place);
  JpegSplits splits;
  splits.classes = std::move(packed.classes);
  splits.train = packed_set(place, std::move(packed.train));
  splits.val = packed_set(place, std::move(packed.val));
  if (splits.train.size() == 0 || splits.val.size() == 0) {
    throw DataError(place, "train or val has no image", "pack a set that has both");
  }
  return splits;
}

}  // namespace revnet
