// Writes images as PNG files.
#pragma once

#include <filesystem>

#include "data/jpeg.h"

namespace revnet {

// Replaces the file. Throws Error if it cannot be written.
void write_png(const std::filesystem::path& file, const Pixels& image);

}  // namespace revnet
