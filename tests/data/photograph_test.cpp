#include "data/photograph.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "data/jpeg_files.h"

namespace revnet {
namespace {

std::vector<float> written(const std::string& jpeg, const View& view, const PhotographOptions& options) {
  std::vector<float> output(3 * static_cast<std::size_t>(options.size * options.size), 1000);
  write_view({reinterpret_cast<const std::uint8_t*>(jpeg.data()), jpeg.size()}, view, options, output);
  return output;
}

TEST_CASE("random boxes lie in the image and have a permitted area and aspect ratio") {
  for (const ImageSize size : {ImageSize{500, 375}, {320, 480}, {90, 60}}) {
    const double area = static_cast<double>(size.width) * size.height;
    double least = 1, most = 0;
    int flips = 0;
    for (std::uint32_t index = 0; index < 500; ++index) {
      const auto [box, flip, colour] = draw_view(size, {.colour = true}, 7, 3, index);
      CHECK((box.left >= 0 && box.left + box.width <= size.width));
      CHECK((box.top >= 0 && box.top + box.height <= size.height));
      // Sides are whole pixels, which moves the aspect ratio slightly.
      CHECK((box.width + 0.51) / box.height > 0.75);
      CHECK((box.width - 0.51) / box.height < 4.0 / 3);
      const double share = box.width * box.height / area;
      CHECK(share > 0.05 * (1 - 1 / box.width));
      least = std::min(least, share);
      most = std::max(most, share);
      flips += flip ? 1 : 0;
      REQUIRE(colour.has_value());
      CHECK(std::abs(colour->hue) <= 0.2f);
    }
    CHECK(least < 0.08);
    CHECK(most > 0.7);
    CHECK((flips > 200 && flips < 300));
  }
}

TEST_CASE("a view depends only on seed, epoch and index") {
  const ImageSize size{400, 300};
  const View first = draw_view(size, {}, 1, 2, 3);
  draw_view(size, {}, 9, 9, 9);
  const View again = draw_view(size, {}, 1, 2, 3);
  CHECK((again.box.left == first.box.left && again.box.width == first.box.width));
  for (const View& other :
       {draw_view(size, {}, 2, 2, 3), draw_view(size, {}, 1, 3, 3), draw_view(size, {}, 1, 2, 4)}) {
    CHECK((other.box.left != first.box.left || other.box.width != first.box.width));
  }
}

TEST_CASE("an image too elongated for any box is taken whole, and evaluation takes the middle") {
  const Box whole = draw_view({2000, 10}, {}, 1, 0, 0).box;
  CHECK((whole.width == 2000 && whole.height == 10));
  const Box middle = central_view({320, 240}).box;
  CHECK((middle.left == 20 && middle.top == 15 && middle.width == 280 && middle.height == 210));
  const Box plain = draw_view({320, 240}, {.augment = false}, 1, 0, 0).box;
  CHECK((plain.left == 20 && plain.width == 280));
  const Box point = draw_view({1, 1}, {}, 1, 0, 0).box;
  CHECK((point.width == 1 && point.height == 1));
}

TEST_CASE("values reach from -1 to 1, or are standardized") {
  const std::string jpeg = make_jpeg(64, 64, 5);
  PhotographOptions options{.size = 32};
  const View view = central_view({64, 64});
  const std::vector<float> symmetric = written(jpeg, view, options);
  CHECK(std::ranges::all_of(symmetric, [](float value) { return value >= -1 && value <= 1; }));
  options.values = standardized_values();
  const std::vector<float> standardized = written(jpeg, view, options);
  constexpr std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};
  for (std::size_t i = 0; i < symmetric.size(); ++i) {
    const double x = (symmetric[i] + 1) / 2;
    CHECK(standardized[i] == doctest::Approx((x - mean[i / 1024]) / deviation[i / 1024]).epsilon(1e-4));
  }
}

TEST_CASE("decoding at half the size gives the same picture") {
  const std::string jpeg = make_jpeg(160, 160, 2);
  const std::vector<float> reduced =
      written(jpeg, {.box = {0, 0, 160, 160}, .flip = false, .colour = {}}, {.size = 80});
  Pixels pixels;
  decode_jpeg({reinterpret_cast<const std::uint8_t*>(jpeg.data()), jpeg.size()}, 8, pixels);
  std::vector<float> whole(reduced.size());
  resample(pixels, {0, 0, 160, 160}, 80, false, whole);
  double largest = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    largest = std::max<double>(largest, std::abs(reduced[i] - (2 * whole[i] / 255 - 1)));
  }
  CHECK(largest < 0.1);  // of a range of 2: libjpeg averages over blocks, resample() over triangles
}

// The textbook method via hue, saturation and value, in double.
std::array<double, 3> recoloured(std::array<double, 3> rgb, const ColourDistortion& distortion) {
  for (double& channel : rgb) channel += distortion.brightness;
  const double value = std::ranges::max(rgb), range = value - std::ranges::min(rgb);
  double hue = 0;  // degrees
  if (range > 0 && value == rgb[0])
    hue = 60 * (rgb[1] - rgb[2]) / range;
  else if (range > 0 && value == rgb[1])
    hue = 120 + 60 * (rgb[2] - rgb[0]) / range;
  else if (range > 0)
    hue = 240 + 60 * (rgb[0] - rgb[1]) / range;
  hue = std::fmod(hue + 360 * distortion.hue + 720, 360);
  const double chroma = std::min(1.0, distortion.saturation * range / value) * value;
  const double second = chroma * (1 - std::abs(std::fmod(hue / 60, 2) - 1)), rest = value - chroma;
  switch (static_cast<int>(hue / 60)) {
    case 0:
      return {chroma + rest, second + rest, rest};
    case 1:
      return {second + rest, chroma + rest, rest};
    case 2:
      return {rest, chroma + rest, second + rest};
    case 3:
      return {rest, second + rest, chroma + rest};
    case 4:
      return {second + rest, rest, chroma + rest};
    default:
      return {chroma + rest, rest, second + rest};
  }
}

TEST_CASE("colours are distorted in brightness, saturation, hue and contrast, in this order, and clipped") {
  constexpr std::size_t pixels = 50;
  RandomStream random(3, Purpose::augmentation, 0, 0);
  for (int round = 0; round < 20; ++round) {
    const ColourDistortion distortion = draw_colour_distortion(random);
    std::vector<float> image(3 * pixels);
    for (float& value : image) value = static_cast<float>(0.15 + 0.7 * random.uniform());
    std::vector<std::array<double, 3>> expected;
    std::array<double, 3> mean{};
    for (std::size_t i = 0; i < pixels; ++i) {
      expected.push_back(recoloured({image[i], image[pixels + i], image[2 * pixels + i]}, distortion));
      for (std::size_t c = 0; c < 3; ++c) mean[c] += expected.back()[c] / pixels;
    }
    distort(distortion, image);
    for (std::size_t i = 0; i < pixels; ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double contrasted = mean[c] + distortion.contrast * (expected[i][c] - mean[c]);
        CHECK(std::abs(image[c * pixels + i] - std::clamp(contrasted, 0.0, 1.0)) < 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace revnet
