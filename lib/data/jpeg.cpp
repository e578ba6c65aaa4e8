#include "data/jpeg.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <functional>
#include <new>

#include <jpeglib.h>
// libjpeg's headers need stddef and stdio, which the line above includes.
#include <fmt/format.h>
#include <jerror.h>

namespace revnet {
namespace {

// A block of 64 pixels takes at least one bit.
constexpr std::uint64_t most_pixels_a_byte = 512;

// Warnings after which libjpeg continues with invented pixels.
bool means_lost_pixels(int message) {
  switch (message) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_NOT_SEQUENTIAL:
      return true;
    default:
      return false;
  }
}

// Whether the warning is about bytes that the decoder left over in an image. After a wrong turn in the code,
// such as a flipped bit causes, it finds all pixels too early. Equal bytes are an encoder's padding.
bool left_bytes_over(const jpeg_decompress_struct& info) {
  if (info.err->msg_code != JWRN_EXTRANEOUS_DATA || info.input_scan_number == 0) return false;
  const auto count = static_cast<std::size_t>(info.err->msg_parm.i[0]);
  const std::span<const JOCTET> bytes(info.src->next_input_byte - count, count);
  return std::ranges::adjacent_find(bytes, std::ranges::not_equal_to()) != bytes.end();
}

// Decodes one image. libjpeg reports errors by longjmp, which skips destructors: run() must be given library
// calls only.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = [](j_common_ptr info) { leave(info); };
    errors_.base.emit_message = [](j_common_ptr info, int level) {
      if (level >= 0) return;
      // Only decompression emits warnings here.
      const auto& decompression = *reinterpret_cast<j_decompress_ptr>(info);
      if (means_lost_pixels(info->err->msg_code) || left_bytes_over(decompression)) leave(info);
    };
    run([this] { jpeg_create_decompress(&info_); });
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info_); }

  jpeg_decompress_struct& info() { return info_; }

  template <class Calls>
  void run(Calls calls) {
    if (setjmp(errors_.back) != 0) fail();
    calls();
  }

  ImageSize read_header(std::uint64_t bytes) {
    run([this] { jpeg_read_header(&info_, TRUE); });
    const std::uint64_t pixels = std::uint64_t{info_.image_width} * info_.image_height;
    if (pixels > std::uint64_t{most_jpeg_pixels} || pixels / most_pixels_a_byte > bytes) {
      throw JpegError(fmt::format("damaged: its header claims {} x {} pixels in {} bytes", info_.image_width,
                                  info_.image_height, bytes));
    }
    if (info_.num_components == 2 || info_.num_components > 4) {
      throw JpegError(
          fmt::format("unsupported: {} colour components instead of 1, 3 or 4", info_.num_components));
    }
    return {static_cast<int>(info_.image_width), static_cast<int>(info_.image_height)};
  }

  ImageSize read_header(std::span<const std::uint8_t> image) {
    run([&] { jpeg_mem_src(&info_, image.data(), image.size()); });
    return read_header(image.size());
  }

 private:
  struct Errors {
    jpeg_error_mgr base;
    std::jmp_buf back;
  };

  [[noreturn]] static void leave(j_common_ptr info) {
    // The error manager is the first member, which makes this cast valid.
    std::longjmp(reinterpret_cast<Errors*>(info->err)->back, 1);
  }

  [[noreturn]] void fail() {
    // Nothing is wrong with the image then.
    if (errors_.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    throw JpegError(reason());
  }

  std::string reason() {
    const jpeg_error_mgr& error = errors_.base;
    switch (error.msg_code) {
      case JERR_INPUT_EMPTY:
        return "empty: it has no bytes";
      case JWRN_JPEG_EOF:
      case JERR_INPUT_EOF:
        return "cut short: it ends before the image does";
      case JERR_NO_SOI:
        return fmt::format("not a JPEG image: it begins with the bytes {:02x} {:02x}, not ff d8",
                           error.msg_parm.i[0], error.msg_parm.i[1]);
      default:
        break;
    }
    std::array<char, JMSG_LENGTH_MAX> text{};
    error.format_message(reinterpret_cast<j_common_ptr>(&info_), text.data());
    return fmt::format("damaged: {}", text.data());
  }

  jpeg_decompress_struct info_{};
  Errors errors_{};
};

// In Adobe's CMYK, 255 means no ink.
void inverted_cmyk_to_rgb(std::span<const std::uint8_t> row, std::uint8_t* rgb) {
  for (std::size_t x = 0; 4 * x < row.size(); ++x) {
    const int light = row[4 * x + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      rgb[3 * x + c] = static_cast<std::uint8_t>((row[4 * x + c] * light + 127) / 255);
    }
  }
}

}  // namespace

ImageSize jpeg_size(std::FILE* file, std::uint64_t bytes) {
  Decoder decoder;
  decoder.run([&] { jpeg_stdio_src(&decoder.info(), file); });
  return decoder.read_header(bytes);
}

ImageSize jpeg_size(std::span<const std::uint8_t> image) {
  return Decoder().read_header(image);
}

void decode_jpeg(std::span<const std::uint8_t> image, int eighths, Pixels& pixels) {
  Decoder decoder;
  decoder.read_header(image);
  jpeg_decompress_struct& info = decoder.info();
  const bool cmyk = info.num_components == 4;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.scale_num = static_cast<unsigned>(eighths);
  info.scale_denom = 8;
  decoder.run([&] { jpeg_start_decompress(&info); });
  pixels.size = {static_cast<int>(info.output_width), static_cast<int>(info.output_height)};
  const std::size_t width = info.output_width;
  pixels.rgb.resize(3 * width * info.output_height);
  std::vector<std::uint8_t> inks(cmyk ? 4 * width : 0);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* const target = pixels.rgb.data() + 3 * width * info.output_scanline;
    JSAMPROW row = cmyk ? inks.data() : target;
    decoder.run([&] { jpeg_read_scanlines(&info, &row, 1); });
    if (cmyk) inverted_cmyk_to_rgb(inks, target);
  }
  decoder.run([&] { jpeg_finish_decompress(&info); });
}

}  // namespace revnet
