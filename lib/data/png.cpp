#include "data/png.h"

#include <fmt/format.h>
#include <png.h>

namespace revnet {

void write_png(const std::filesystem::path& file, const Pixels& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.format = PNG_FORMAT_RGB;
  png.width = static_cast<png_uint_32>(image.size.width);
  png.height = static_cast<png_uint_32>(image.size.height);
  constexpr int of_bytes = 0, row_by_row = 0;
  if (png_image_write_to_file(&png, file.c_str(), of_bytes, image.rgb.data(), row_by_row, nullptr) == 0) {
    throw Error(fmt::format("cannot write {}: {}; check the path and the free disk space", file.string(),
                            png.message));
  }
}

}  // namespace revnet
