// JPEG images, by libjpeg-turbo: the size that a header claims, and pixels as red, green and blue bytes.
//
// Baseline and progressive, grey, colour, and CMYK or YCCK in the inverted form of Adobe's programs, the only
// one that is met. What Exif says of an image's orientation is not looked at, nor does the reference.
// An image that libjpeg would patch up with made-up pixels is an error here: nobody trains on those unaware.
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

// What is wrong with an image, such as "cut short: ..."; whoever knows which image it is says so.
class JpegError : public Error {
 public:
  using Error::Error;
};

// Larger ones are refused, since a few damaged bytes may claim any size; ImageNet's largest has 61 million.
inline constexpr std::int64_t most_jpeg_pixels = 100'000'000;

// The size that the header claims of an image of so many bytes, of which the first ones alone are read.
// JpegError when it is no JPEG image, or claims more pixels than that many bytes can hold.
ImageSize jpeg_size(std::FILE* file, std::uint64_t bytes);
ImageSize jpeg_size(std::span<const std::uint8_t> image);

// Overwrites `pixels` with the image at `eighths` / 8 of its size (1, 2, 4 or 8), rounded up. JpegError when
// any of it is damaged or missing.
void decode_jpeg(std::span<const std::uint8_t> image, int eighths, Pixels& pixels);

}  // namespace revnet
