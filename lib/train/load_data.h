// From settings to the images of a run.
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
#include "record/config.h"

namespace revnet {

// Whether the data set is of JPEG images, decoded as they are needed.
bool has_photographs(const Config& config);

// The part of resolve() (setup.h) that is about data: sizes and classes of photographs become what they stand
// for. UsageError for a setting that the data set cannot follow; DataError when class folders are to be
// counted and there are none.
Config resolve_dataset(Config config);

// Of a resolved configuration:
std::int64_t classes(const Config& config);
// By label; empty where the data set has no names. DataError where the file of names is not of this set.
std::vector<std::string> class_names(const Config& config);
int image_size_of(const Config& config);  // pixels a side of the network's input
// Of the training set. Looks at where photographs lie.
std::size_t training_images(const Config& config);
Augmentation augmentation(const Config& config);
int loader_workers(const Config& config);
// Memory that decoding ahead takes, for batches of that many images.
std::uint64_t loader_bytes(const Config& config, std::int64_t batch);

// Reads (or draws) the images that training and evaluation use, or looks at where they lie. DataError, with
// the file and what to do.
std::unique_ptr<BatchSource> load_data(const Config& config);
// The same with images that are there already.
std::unique_ptr<BatchSource> load_data(const Config& config, Splits splits);

// Photographs in class folders below a directory, or in a packed file.
JpegSplits open_photographs(const std::filesystem::path& place, DamagedImages damaged);

}  // namespace revnet
