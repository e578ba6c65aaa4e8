// Finds the images of DIR/train/CLASS and DIR/val/CLASS: files whose names end in .jpeg or .jpg, in capitals
// or not, as ImageNet and most sets of one's own lie on disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/jpeg_set.h"

namespace revnet {

// What becomes of an image that is damaged or no JPEG image.
enum class DamagedImages { refuse, skip };

// The names of the classes, which are those of the folders in DIR/train, in the order of their bytes.
// DataError when there is no such folder, or nothing in it.
std::vector<std::string> class_folders(const std::filesystem::path& directory);

// All images. Looks at size and header of each, on several threads. DataError naming the first image in order
// that has none, and how many there are, unless they are to be left out; likewise for a class without images,
// and where val has other classes than train.
JpegSplits scan_image_folders(const std::filesystem::path& directory, DamagedImages damaged);

}  // namespace revnet
