#include "data/jpeg_files.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <jpeglib.h>

#include "files.h"

namespace revnet {
namespace {

std::string compressed(int width, int height, int components, J_COLOR_SPACE in, J_COLOR_SPACE stored,
                       int quality, const std::vector<std::uint8_t>& pixels) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = in;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, stored);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPLE*>(pixels.data()) +
                std::size_t{info.next_scanline} * static_cast<std::size_t>(width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return result;
}

std::vector<std::uint8_t> waves(int width, int height, int components, std::uint32_t seed) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < components; ++c) {
        const double phase = 0.7 * seed + 1.3 * c;
        pixels.push_back(
            static_cast<std::uint8_t>(127.5 + 100 * std::sin(x / 9.0 + phase) * std::cos(y / 7.0 - phase)));
      }
    }
  }
  return pixels;
}

}  // namespace

std::string make_jpeg(int width, int height, std::uint32_t seed, int quality) {
  return compressed(width, height, 3, JCS_RGB, JCS_YCbCr, quality, waves(width, height, 3, seed));
}

std::string make_ycck_jpeg(int width, int height) {
  return compressed(width, height, 4, JCS_CMYK, JCS_YCCK, 100, waves(width, height, 4, 1));
}

std::string claiming(std::string jpeg, int width, int height) {
  const std::size_t frame = jpeg.find("\xff\xc0");
  const auto put = [&](std::size_t at, int value) {
    jpeg[at] = static_cast<char>(value >> 8);
    jpeg[at + 1] = static_cast<char>(value & 255);
  };
  put(frame + 5, height);
  put(frame + 7, width);
  return jpeg;
}

void cut_short(const std::filesystem::path& file) {
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2 + 200);
}

std::string stored_jpeg(const std::string& name) {
  return testing::read_file(std::string(REVNET_TEST_DIR "/fuzz/seeds/jpeg/") + name + ".jpg");
}

void write_image_folders(const std::filesystem::path& directory, int classes, int images, int size) {
  std::uint32_t seed = 0;
  for (const auto& [set, count] : {std::pair{"train", images}, std::pair{"val", images - 1}}) {
    for (int label = 0; label < classes; ++label) {
      for (int i = 0; i < count; ++i) {
        const std::string file = "n" + std::to_string(label) + "/" + std::to_string(i) + ".JPEG";
        testing::write_file(directory / set / file, make_jpeg(size + i, size, ++seed));
      }
    }
  }
}

}  // namespace revnet
