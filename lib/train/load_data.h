// The images of a run, as its settings describe them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/augmentation.h"
#include "data/batch_source.h"
#include "data/dataset.h"
#include "data/image_folders.h"
#include "settings/config.h"

namespace revnet {

// The number of training images that --validation holds out, as in the reference code.
inline constexpr std::size_t validation_images = 5000;

// The data part of resolve() (setup.h): fills in the image size and the classes of photographs. Throws
// UsageError for a setting that does not apply to the data set, and DataError if there are no class folders
// to count.
Config resolve_dataset(Config config);

// The following functions expect a resolved configuration.
std::int64_t classes(const Config& config);
// Returns the names of the classes by label; empty if the data set has none. Throws DataError if a file of
// names does not have as many as there are classes.
std::vector<std::string> class_names(const Config& config);
int image_size_of(const Config& config);  // width and height of the network's input in pixels
// Counts the training set. Reads the folders or the packed file of photographs.
std::size_t training_images(const Config& config);
// The number of images that an evaluation of all looks at. Of photographs, ImageNet's: nothing is read.
std::size_t evaluation_images(const Config& config);
Augmentation augmentation(const Config& config);
int loader_workers(const Config& config);
// Returns the bytes that decoding ahead takes for batches of that many images.
std::uint64_t loader_bytes(const Config& config, std::int64_t batch);

// Estimates the bytes of the images: of CIFAR the whole set, of photographs the index of a set as large as
// ImageNet, and loader_bytes().
std::uint64_t dataset_bytes(const Config& config, std::int64_t batch);

// Reads (or draws) the images for training and evaluation, or lists the files of photographs. The DataError
// names the file and what to do.
std::unique_ptr<BatchSource> load_data(const Config& config);
// The same for evaluating on the test set a network that was trained without the images of
// dataset.validation: these stay out of the mean image and of training batches. For data sets held in memory.
std::unique_ptr<BatchSource> load_data_with_held_out(const Config& config);
// Uses images that are already in memory.
std::unique_ptr<BatchSource> load_data(const Config& config, Splits splits);

// Lists the photographs in class folders below a directory, or in a packed file.
JpegSplits open_photographs(const std::filesystem::path& place, DamagedImages damaged);

}  // namespace revnet
