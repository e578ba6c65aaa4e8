// JPEG images for tests, written with libjpeg, and ways to damage them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace revnet {

// A smooth colour image that differs from seed to seed.
std::string make_jpeg(int width, int height, std::uint32_t seed, int quality = 90);
// Four inks, stored as YCCK: luminance, two colour channels and black.
std::string make_ycck_jpeg(int width, int height);
// The same bytes with another size in the header.
std::string claiming(std::string jpeg, int width, int height);
// Leaves a file as an interrupted download would, with an intact header.
void cut_short(const std::filesystem::path& file);
// The image `name` of tests/fuzz/seeds/jpeg.
std::string stored_jpeg(const std::string& name);

// Class folders n0, n1, ... with `images` images each in train and one fewer in val.
void write_image_folders(const std::filesystem::path& directory, int classes, int images, int size = 48);

}  // namespace revnet
