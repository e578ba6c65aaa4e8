#include "data/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/random.h"
#include "data/shapes.h"

namespace revnet {
namespace {

// Everything is computed in double from arithmetic and square roots, without the mathematics library, so that
// the bytes do not depend on its version.

using Colour = std::array<double, 3>;  // 0..255 each

struct Direction {
  double x = 1, y = 0;
};

// A shape's place, size (in pixels) and rotation in the picture.
struct Placement {
  double x = 0, y = 0, radius = 0;
  Direction turn;
};

class Canvas {
 public:
  std::array<double, cifar_bytes> values{};  // [3, 32, 32]

  void blend(std::size_t pixel, const Colour& colour, double opacity) {
    for (std::size_t c = 0; c < 3; ++c) {
      double& value = values[c * cifar_plane + pixel];
      value += opacity * (colour[c] - value);
    }
  }
};

// How far a shape's colour leans towards its class's. Without it, plain SGD stays at chance for hundreds of
// iterations before it discovers shapes at all.
constexpr double colour_hint = 0.5;

std::size_t pixel_at(int y, int x) {
  return static_cast<std::size_t>(y) * cifar_side + static_cast<std::size_t>(x);
}

double between(RandomStream& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

// A uniformly distributed direction: a random point in the disc, scaled to the circle.
Direction random_direction(RandomStream& random) {
  for (;;) {
    const double x = between(random, -1, 1);
    const double y = between(random, -1, 1);
    const double square = x * x + y * y;
    if (square > 1 || square < 1e-4) continue;
    const double length = std::sqrt(square);
    return {x / length, y / length};
  }
}

Colour random_colour(RandomStream& random) {
  Colour colour;
  for (double& value : colour) value = between(random, 25, 230);
  return colour;
}

// The colour that each shape leans towards.
constexpr std::array<Colour, shape_count> typical_colours{{{225, 55, 55},
                                                           {55, 200, 55},
                                                           {55, 80, 225},
                                                           {220, 205, 50},
                                                           {50, 200, 210},
                                                           {215, 60, 200},
                                                           {245, 140, 50},
                                                           {125, 50, 190},
                                                           {235, 235, 235},
                                                           {35, 35, 35}}};

// A random colour that leans towards the shape's, at least `contrast` away from `background` (Euclidean
// distance, 0..255 a channel).
Colour shape_colour(RandomStream& random, DrawnShape shape, const Colour& background, double contrast) {
  const Colour& typical = typical_colours[static_cast<std::size_t>(shape)];
  for (;;) {
    Colour colour = random_colour(random);
    double square = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      colour[c] += colour_hint * (typical[c] - colour[c]);
      square += (colour[c] - background[c]) * (colour[c] - background[c]);
    }
    if (square >= contrast * contrast) return colour;
  }
}

// 1 at even integers, -1 at odd ones, linear in between.
double triangle_wave(double x) {
  const double phase = x - 2.0 * std::floor(x / 2.0);
  return std::abs(2.0 * phase - 2.0) - 1.0;
}

// Draws a gradient around `base` with a faint wave texture.
void draw_background(Canvas& canvas, RandomStream& random, const Colour& base) {
  const Direction slope = random_direction(random);
  const Direction wave = random_direction(random);
  const double wave_length = between(random, 2.5, 8.0);
  const double wave_height = between(random, 0.0, 20.0);
  Colour change;
  for (double& value : change) value = between(random, -45, 45);
  for (int y = 0; y < cifar_side; ++y) {
    for (int x = 0; x < cifar_side; ++x) {
      const double along = (slope.x * (x - 15.5) + slope.y * (y - 15.5)) / 16.0;
      const double texture = wave_height * triangle_wave((wave.x * x + wave.y * y) / wave_length);
      const std::size_t pixel = pixel_at(y, x);
      for (std::size_t c = 0; c < 3; ++c) {
        canvas.values[c * cifar_plane + pixel] = base[c] + along * change[c] + texture;
      }
    }
  }
}

// Edges are one pixel wide and blend in proportion to coverage.
void draw_shape(Canvas& canvas, DrawnShape shape, const Placement& at, const Colour& colour, double opacity) {
  const double reach = at.radius * 1.5 + 1;
  const int top = std::max(0, static_cast<int>(at.y - reach));
  const int bottom = std::min(cifar_side - 1, static_cast<int>(at.y + reach));
  const int left = std::max(0, static_cast<int>(at.x - reach));
  const int right = std::min(cifar_side - 1, static_cast<int>(at.x + reach));
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const double dx = (x - at.x) / at.radius;
      const double dy = (y - at.y) / at.radius;
      const double u = at.turn.x * dx + at.turn.y * dy;
      const double v = at.turn.x * dy - at.turn.y * dx;
      const double cover = std::clamp(0.5 - distance_outside(shape, u, v) * at.radius, 0.0, 1.0);
      if (cover > 0) canvas.blend(pixel_at(y, x), colour, cover * opacity);
    }
  }
}

// Draws small shapes with the same kinds of edges and corners, which say nothing about the label.
void draw_distractors(Canvas& canvas, RandomStream& random, std::uint32_t count) {
  constexpr std::array kinds{DrawnShape::disc, DrawnShape::square, DrawnShape::triangle, DrawnShape::cross};
  for (std::uint32_t i = 0; i < count; ++i) {
    const DrawnShape shape = kinds[random.below(kinds.size())];
    Placement at{between(random, 0, 31), between(random, 0, 31), between(random, 1.5, 3.5), {}};
    at.turn = random_direction(random);
    const double opacity = between(random, 0.4, 0.9);
    draw_shape(canvas, shape, at, random_colour(random), opacity);
  }
}

// The sum of four uniform bytes is close enough to normal and ten times cheaper to draw.
void add_noise(Canvas& canvas, RandomStream& random) {
  constexpr double deviation_of_sum = 147.8;  // sqrt(4 * (256 * 256 - 1) / 12)
  const double scale = between(random, 4, 15) / deviation_of_sum;
  for (double& value : canvas.values) {
    const std::uint32_t bits = random.next_u32();
    const std::uint32_t sum = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24);
    value += scale * (static_cast<double>(sum) - 510.0);
  }
}

void draw_image(RandomStream random, DrawnShape shape, std::span<std::uint8_t> bytes) {
  Canvas canvas;
  const Colour base = random_colour(random);
  draw_background(canvas, random, base);
  draw_distractors(canvas, random, 2 + random.below(4));
  Placement at;
  at.radius = between(random, 7.5, 13.0);
  const double margin = 0.8 * at.radius;  // a corner may leave the picture
  at.x = between(random, margin, 31 - margin);
  at.y = between(random, margin, 31 - margin);
  at.turn = random_direction(random);
  const Colour colour = shape_colour(random, shape, base, 60);
  draw_shape(canvas, shape, at, colour, between(random, 0.75, 1.0));
  draw_distractors(canvas, random, random.below(3));
  add_noise(canvas, random);
  for (std::size_t k = 0; k < cifar_bytes; ++k) {
    bytes[k] = static_cast<std::uint8_t>(std::clamp(canvas.values[k] + 0.5, 0.0, 255.0));
  }
}

// `stream` separates the splits; it takes the place of the epoch in the key of the random stream.
Dataset make_split(std::uint64_t seed, std::uint32_t stream, std::size_t size) {
  if (size == 0 || size > std::numeric_limits<std::uint32_t>::max()) {
    throw UsageError("a synthetic set cannot have " + std::to_string(size) + " images; choose 1 or more");
  }
  Dataset set;
  set.name = "synthetic";
  set.classes = shape_count;
  set.images.resize(size * cifar_bytes);
  set.labels.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    set.labels[i] = static_cast<std::uint8_t>(i % shape_count);
    draw_image(RandomStream(seed, Purpose::synthetic_image, stream, static_cast<std::uint32_t>(i)),
               static_cast<DrawnShape>(set.labels[i]),
               std::span<std::uint8_t>(set.images).subspan(i * cifar_bytes, cifar_bytes));
  }
  return set;
}

}  // namespace

Splits make_synthetic(std::uint64_t seed, std::size_t train_size, std::size_t test_size) {
  return {make_split(seed, 0, train_size), make_split(seed, 1, test_size)};
}

}  // namespace revnet
