#include "data/png.h"

#include <fmt/format.h>
#include <png.h>

namespace revnet {

std::string encode_png(const Pixels& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.format = PNG_FORMAT_RGB;
  png.width = static_cast<png_uint_32>(image.size.width);
  png.height = static_cast<png_uint_32>(image.size.height);
  constexpr int of_bytes = 0, row_by_row = 0;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);  // then the real one
  std::string bytes(size, '\0');
  const int done =
      png_image_write_to_memory(&png, bytes.data(), &size, of_bytes, image.rgb.data(), row_by_row, nullptr);
  if (done == 0) {
    throw Error(fmt::format("a picture cannot be made: {}", png.message));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace revnet
