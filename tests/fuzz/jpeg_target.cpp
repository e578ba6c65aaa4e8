#include "data/jpeg.h"
#include "fuzz/target.h"

namespace revnet::fuzz {

// Reading the header alone must give the size that the decoder finds. The first byte chooses the scale; seeds
// are unchanged JPEG files, so it is 0xff there and chooses 1/8.
void fuzz_jpeg(Input input) {
  if (input.empty()) return;
  Bytes image(input.begin(), input.end());
  const int eighths = 1 << (input[0] + 1) % 4;
  image[0] = 0xff;
  ImageSize size;
  const bool has_header = succeeds([&] { size = jpeg_size(image); });
  require(!has_header || (size.width > 0 && size.height > 0), "an image has pixels");
  Pixels pixels;
  if (!succeeds([&] { decode_jpeg(image, eighths, pixels); })) return;
  require(has_header, "an image that can be decoded has a header");
  const ImageSize reduced{(size.width * eighths + 7) / 8, (size.height * eighths + 7) / 8};
  require(pixels.size == reduced, "the size is that of the header, reduced");
  require(pixels.rgb.size() == static_cast<std::size_t>(3 * reduced.width * reduced.height),
          "the image has all its pixels");
}

}  // namespace revnet::fuzz
