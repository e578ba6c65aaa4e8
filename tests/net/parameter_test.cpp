// Initial parameters: a pure function of seed, name and row, drawn from the paper's distributions.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "net/network.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = std::size_t{64} << 20;
constexpr Initial normal{Initial::Kind::truncated_normal, 0.25};
// The standard deviation of a standard normal truncated at 2.
constexpr double truncated_deviation = 0.87962566;

std::vector<float> draw(Device& device, const std::string& name, std::uint64_t seed, Rows rows,
                        std::int64_t count) {
  Parameter parameter(device, name, rows, Layout::plain({count, 3, 3, 3}), normal, true);
  parameter.initialize(seed);
  return to_plain(parameter.value);
}

double mean(const std::vector<float>& values) {
  double sum = 0.0;
  for (const float value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<float>& values) {
  const double middle = mean(values);
  double sum = 0.0;
  for (const float value : values) sum += (value - middle) * (value - middle);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST_CASE("halves of a parameter are rows of the whole draw") {
  Device device(1, arena_bytes, true);
  const std::vector<float> whole = draw(device, "stem/conv/weight", 7, {0, 32}, 32);
  std::vector<float> halves = draw(device, "stem/conv/weight", 7, {0, 32}, 16);
  const std::vector<float> second = draw(device, "stem/conv/weight", 7, {16, 32}, 16);
  halves.insert(halves.end(), second.begin(), second.end());
  CHECK(halves == whole);
}

TEST_CASE("a draw depends only on seed and name") {
  Device device(1, arena_bytes, true);
  const std::vector<float> values = draw(device, "a/weight", 7, {0, 16}, 16);
  CHECK(draw(device, "a/weight", 7, {0, 16}, 16) == values);
  CHECK(draw(device, "a/weight", 8, {0, 16}, 16) != values);
  CHECK(draw(device, "b/weight", 7, {0, 16}, 16) != values);

  const Layout blocked = Layout::blocked_weights({16, 3, 3, 3}, 16);
  Parameter parameter(device, "a/weight", {0, 16}, blocked, normal, true);
  std::ranges::fill(parameter.momentum.values(), 1.0f);
  parameter.initialize(7);
  CHECK(to_plain(parameter.value) == values);
  CHECK(std::ranges::count(parameter.momentum.values(), 0.0f) == blocked.stored_elements());
}

TEST_CASE("the two halves of a RevNet's stem are drawn as one parameter") {
  Device device(1, arena_bytes, true);
  NetworkOptions options;
  options.batch = 1;
  options.image_size = 8;
  Network network(device, find_architecture("revnet38"), options);
  network.initialize(11);
  std::vector<float> joined;
  for (const Parameter* part : network.parameters()) {
    if (part->name != "stem/conv/weight") continue;
    const std::vector<float> rows = to_plain(part->value);
    joined.insert(joined.end(), rows.begin(), rows.end());
  }
  Parameter whole(device, "stem/conv/weight", {0, 32}, Layout::plain({32, 3, 3, 3}),
                  {Initial::Kind::truncated_normal, std::sqrt(2.0 / (9 * 32))}, true);
  whole.initialize(11);
  CHECK(joined == to_plain(whole.value));
}

void check_distribution(const Parameter& parameter, const std::vector<float>& values) {
  const Shape shape = parameter.shape();
  const auto [least, most] = std::ranges::minmax(values);
  if (shape.size() == 4) {
    const double sigma = std::sqrt(2.0 / static_cast<double>(shape[2] * shape[3] * parameter.rows.total));
    const double noise = 4.0 / std::sqrt(static_cast<double>(values.size()));  // four standard errors
    CHECK(std::max(-least, most) <= static_cast<float>(2.0 * sigma));
    CHECK(std::max(-least, most) > 1.5 * sigma);
    CHECK(deviation(values) == doctest::Approx(truncated_deviation * sigma).epsilon(noise));
    CHECK(std::abs(mean(values)) < noise * sigma);
  } else if (shape.size() == 2) {
    const double bound = std::sqrt(3.0 / static_cast<double>(shape[1]));
    CHECK(std::max(-least, most) <= static_cast<float>(bound));
    CHECK(deviation(values) == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.05));
  } else {
    const float constant = parameter.name.ends_with("/scale") ? 1.0f : 0.0f;
    CHECK(least == constant);
    CHECK(most == constant);
  }
  CHECK(parameter.decays == (shape.size() > 1));
}

TEST_CASE("initial parameters have the paper's distributions") {
  for (const char* name : {"revnet38", "resnet164"}) {
    Device device(1, arena_bytes, true);
    NetworkOptions options;
    options.batch = 1;
    options.image_size = 8;
    Network network(device, find_architecture(name), options);
    network.initialize(1);
    for (const Parameter* parameter : network.parameters()) {
      CAPTURE(parameter->name);
      check_distribution(*parameter, to_plain(parameter->value));
    }
  }
}

}  // namespace
}  // namespace revnet
