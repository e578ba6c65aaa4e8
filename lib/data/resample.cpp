#include "data/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace revnet {
namespace {

// For each of `size` outputs along one side: the index of its first input, and the weights of its inputs.
class Weights {
 public:
  Weights(double begin, double length, int size) {
    const double step = length / size, reach = std::max(1.0, step);
    const int first = static_cast<int>(std::floor(begin));
    const int end = std::max(first + 1, static_cast<int>(std::ceil(begin + length)));
    count_ = std::min(end - first, static_cast<int>(std::ceil(2 * reach)) + 1);
    for (int i = 0; i < size; ++i) {
      const double centre = begin + (i + 0.5) * step;
      const int from = std::clamp(static_cast<int>(std::floor(centre - reach + 0.5)), first, end - count_);
      firsts_.push_back(from);
      append_triangle(centre - from - 0.5, reach);
    }
  }

  int count() const { return count_; }  // inputs of each output
  int first(int output) const { return firsts_[static_cast<std::size_t>(output)]; }
  const float* of(int output) const { return weights_.data() + std::ptrdiff_t{output} * count_; }

 private:
  // Appends a normalised triangle around `peak`, which is measured in inputs from the output's first one.
  void append_triangle(double peak, double reach) {
    const std::size_t begin = weights_.size();
    double sum = 0;
    std::vector<double> heights;
    for (int k = 0; k < count_; ++k) {
      heights.push_back(std::max(0.0, 1 - std::abs(k - peak) / reach));
      sum += heights.back();
    }
    weights_.resize(begin + heights.size());
    for (std::size_t k = 0; k < heights.size(); ++k) {
      weights_[begin + k] = static_cast<float>(heights[k] / sum);
    }
  }

  int count_ = 0;
  std::vector<int> firsts_;
  std::vector<float> weights_;
};

// Computes the weighted mean of rows over the columns [from, end), three bytes each.
void mix_rows(const Pixels& image, const Weights& rows, int output_row, std::ptrdiff_t from,
              std::vector<float>& mixed) {
  std::ranges::fill(mixed, 0.0f);
  const std::ptrdiff_t pitch = std::ptrdiff_t{3} * image.size.width;
  for (int k = 0; k < rows.count(); ++k) {
    const float weight = rows.of(output_row)[k];
    const std::uint8_t* const in = image.rgb.data() + (rows.first(output_row) + k) * pitch + 3 * from;
    for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] += weight * static_cast<float>(in[i]);
  }
}

}  // namespace

void resample(const Pixels& image, const Box& box, int size, bool flip, std::span<float> output) {
  const Weights columns(box.left, box.width, size), rows(box.top, box.height, size);
  const int from = columns.first(0), end = columns.first(size - 1) + columns.count();
  std::vector<float> mixed(static_cast<std::size_t>(3 * (end - from)));
  const std::ptrdiff_t plane = std::ptrdiff_t{size} * size;
  for (int y = 0; y < size; ++y) {
    // Rows are mixed first: a single mixed row is then all that the columns need.
    mix_rows(image, rows, y, from, mixed);
    float* const out = output.data() + std::ptrdiff_t{y} * size;
    for (int x = 0; x < size; ++x) {
      const float* const weights = columns.of(x);
      const float* in = mixed.data() + std::ptrdiff_t{3} * (columns.first(x) - from);
      float red = 0, green = 0, blue = 0;
      for (int k = 0; k < columns.count(); ++k, in += 3) {
        red += weights[k] * in[0];
        green += weights[k] * in[1];
        blue += weights[k] * in[2];
      }
      const int place = flip ? size - 1 - x : x;
      out[place] = red;
      out[plane + place] = green;
      out[2 * plane + place] = blue;
    }
  }
}

}  // namespace revnet
