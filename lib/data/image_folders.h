// Finds images stored as DIR/train/CLASS and DIR/val/CLASS, the layout of ImageNet and of most private sets:
// files whose names end in .jpeg or .jpg, in upper or lower case.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "data/jpeg_set.h"

namespace revnet {

// What to do about images that are damaged or not JPEG images.
enum class DamagedImages { refuse, skip };

// The names of the classes, which are the folders in DIR/train, in byte order. Throws DataError if there are
// none.
std::vector<std::string> class_folders(const std::filesystem::path& directory);

// Counts the training images by file name, without opening them.
std::size_t count_training_files(const std::filesystem::path& directory);

// Finds all images and checks the size and header of each, on several threads. Unless damaged images are
// skipped, throws an Error that names the first of them and counts the rest. Throws DataError for a class
// without images, and if val has a class that train lacks.
JpegSplits scan_image_folders(const std::filesystem::path& directory, DamagedImages damaged);

}  // namespace revnet
