#include "data/jpeg.h"
#include "fuzz/target.h"

namespace revnet::fuzz {

// Whoever looks at the header alone finds what the decoder finds there. The seeds are whole files, whose
// first byte stands for the whole size.
void fuzz_jpeg(Input input) {
  if (input.empty()) return;
  Bytes image(input.begin(), input.end());
  const int eighths = 1 << (input[0] + 1) % 4;  // 0xff, with which JPEG images begin: 1
  image[0] = 0xff;
  ImageSize size;
  const bool has_header = succeeds([&] { size = jpeg_size(image); });
  require(!has_header || (size.width > 0 && size.height > 0), "an image has pixels");
  Pixels pixels;
  if (!succeeds([&] { decode_jpeg(image, eighths, pixels); })) return;
  require(has_header, "what can be decoded has a header");
  const ImageSize reduced{(size.width * eighths + 7) / 8, (size.height * eighths + 7) / 8};
  require(pixels.size == reduced, "the size is what the header says, reduced");
  require(pixels.rgb.size() == static_cast<std::size_t>(3 * reduced.width * reduced.height),
          "all pixels are there");
}

}  // namespace revnet::fuzz
