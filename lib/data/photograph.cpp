#include "data/photograph.h"

#include <algorithm>
#include <cmath>

namespace revnet {
namespace {

constexpr double least_area = 0.05, least_aspect = 3.0 / 4, largest_aspect = 4.0 / 3;
constexpr int attempts = 100;

// Draws as TensorFlow's sample_distorted_bounding_box does, which the reference calls: a uniform aspect
// ratio, then a uniform height among those for which the box fits, then its place. Returns nothing if even
// the smallest box of this aspect ratio does not fit.
std::optional<Box> draw_box(ImageSize size, RandomStream& random) {
  const double aspect = least_aspect + (largest_aspect - least_aspect) * random.uniform();
  const double area = static_cast<double>(size.width) * size.height;
  const int least = std::max(1, static_cast<int>(std::ceil(std::sqrt(least_area * area / aspect))));
  const int most = std::min(size.height, static_cast<int>(size.width / aspect));
  if (least > most) return std::nullopt;
  const int height = least + static_cast<int>(random.below(static_cast<std::uint32_t>(most - least + 1)));
  const int width = std::max(1, static_cast<int>(std::lround(height * aspect)));
  if (width > size.width) return std::nullopt;
  const auto place = [&](int room) { return random.below(static_cast<std::uint32_t>(room + 1)); };
  const std::uint32_t top = place(size.height - height), left = place(size.width - width);
  return Box{static_cast<double>(left), static_cast<double>(top), static_cast<double>(width),
             static_cast<double>(height)};
}

// The smallest scale, in eighths, at which the box keeps at least as many pixels as the output.
int enough_eighths(const Box& box, int size) {
  const double shorter = std::min(box.width, box.height);
  for (const int eighths : {1, 2, 4}) {
    if (shorter * eighths >= 8.0 * size) return eighths;
  }
  return 8;
}

}  // namespace

PhotographValues standardized_values() {
  constexpr std::array<double, 3> mean{0.485, 0.456, 0.406}, deviation{0.229, 0.224, 0.225};
  PhotographValues values;
  for (std::size_t c = 0; c < values.size(); ++c) {
    values[c] = {static_cast<float>(1 / deviation[c]), static_cast<float>(-mean[c] / deviation[c])};
  }
  return values;
}

View central_view(ImageSize size) {
  const int left = size.width / 16, top = size.height / 16;
  View view;
  view.box = {static_cast<double>(left), static_cast<double>(top), static_cast<double>(size.width - 2 * left),
              static_cast<double>(size.height - 2 * top)};
  return view;
}

View draw_view(ImageSize size, const PhotographOptions& options, std::uint64_t seed, std::uint32_t epoch,
               std::uint32_t index) {
  View view = central_view(size);
  if (!options.augment) return view;
  RandomStream random(seed, Purpose::augmentation, epoch, index);
  std::optional<Box> box;
  for (int attempt = 0; attempt < attempts && !box; ++attempt) box = draw_box(size, random);
  // An image too elongated for every attempt is taken whole.
  view.box = box.value_or(Box{0, 0, static_cast<double>(size.width), static_cast<double>(size.height)});
  view.flip = options.flip && random.below(2) == 1;
  if (options.colour) view.colour = draw_colour_distortion(random);
  return view;
}

void write_view(std::span<const std::uint8_t> jpeg, const View& view, const PhotographOptions& options,
                std::span<float> output) {
  const int eighths = enough_eighths(view.box, options.size);
  thread_local Pixels pixels;  // keeps its memory from one image to the next
  decode_jpeg(jpeg, eighths, pixels);
  const double scale = eighths / 8.0;
  const Box& box = view.box;
  resample(pixels, {scale * box.left, scale * box.top, scale * box.width, scale * box.height}, options.size,
           view.flip, output);
  const std::size_t plane = output.size() / 3;
  if (view.colour) {
    for (float& value : output) value /= 255;
    distort(*view.colour, output);
  }
  for (std::size_t c = 0; c < 3; ++c) {
    const float scale_of = view.colour ? options.values[c].scale : options.values[c].scale / 255;
    for (float& value : output.subspan(c * plane, plane)) value = scale_of * value + options.values[c].shift;
  }
}

}  // namespace revnet
