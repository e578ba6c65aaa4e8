// JPEG images through libjpeg-turbo: the size that a header claims, and pixels as red, green and blue bytes.
//
// Supports baseline and progressive images in grey and colour, and CMYK or YCCK in the inverted form of
// Adobe's programs, the only one found in practice. Ignores Exif orientation, as the reference does. Where
// libjpeg would fill in invented pixels, decoding fails instead, so that nobody trains on them unawares. A
// flipped bit may still lead to other pixels without any sign of it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "base/error.h"

namespace revnet {

struct ImageSize {
  int width = 0, height = 0;
  bool operator==(const ImageSize&) const = default;
};

struct Pixels {
  ImageSize size;
  std::vector<std::uint8_t> rgb;  // [height, width, 3]
};

// What is wrong with an image, such as "cut short: ..."; the caller adds which image it is.
class JpegError : public Error {
 public:
  using Error::Error;
};

// Larger images are refused, since a few damaged bytes may claim any size. ImageNet's largest has 61 million
// pixels.
inline constexpr std::int64_t most_jpeg_pixels = 100'000'000;

// The size that the header claims for an image of `bytes` bytes, of which only the first are read. Throws
// JpegError if it is not a JPEG image or claims more pixels than that many bytes can hold.
ImageSize jpeg_size(std::FILE* file, std::uint64_t bytes);
ImageSize jpeg_size(std::span<const std::uint8_t> image);

// Overwrites `pixels` with the image at `eighths` / 8 (1, 2, 4 or 8) of its size, rounded up. Throws
// JpegError if any part of it is found to be damaged or missing.
void decode_jpeg(std::span<const std::uint8_t> image, int eighths, Pixels& pixels);

}  // namespace revnet
