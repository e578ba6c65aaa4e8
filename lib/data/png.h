// Encodes images as PNG.
#pragma once

#include <string>

#include "data/jpeg.h"

namespace revnet {

// Returns the bytes of a PNG file. Throws Error for an image larger than libpng allows.
std::string encode_png(const Pixels& image);

}  // namespace revnet
