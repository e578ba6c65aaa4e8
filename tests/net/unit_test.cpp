// Units against naive double arithmetic: forward, and every gradient against finite differences.
#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "net/formula.h"
#include "net/naive.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = std::size_t{256} << 20;
constexpr std::uint64_t seed = 5;

struct Case {
  bool reversible;
  UnitShape shape;
};

// A unit with parameters and inputs by the formula. Widths are not multiples of a block, so padding counts.
struct Bench {
  explicit Bench(const Case& which)
      : device(1, arena_bytes, true),
        shape(which.shape),
        parts(which.reversible ? 2 : 1),
        options{2, ConvolutionPolicy::direct, 1e-3},
        unit(which.reversible ? make_reversible_unit(device, "unit", shape, options)
                              : make_residual_unit(device, "unit", shape, options)) {
    unit->list(layers);
    set_by_formula(device, layers, seed);
    x = activation("x", shape.in, shape.height);
    dy = activation("dy", shape.out, shape.height / shape.stride);
  }

  Activation activation(const std::string& name, std::int64_t channels, std::int64_t height) {
    Activation result;
    for (std::int64_t part = 0; part < parts; ++part) {
      const Layout layout = device.activation_layout({options.batch, channels / parts, height, height});
      result.push_back(formula_tensor(device, layout, name + std::to_string(part), seed, 1.0f));
    }
    return result;
  }
  std::vector<Naive> naive(const Activation& activation_) {
    std::vector<Naive> result;
    for (const Tensor& tensor : activation_) result.push_back(to_naive(device, tensor));
    return result;
  }

  Device device;
  UnitShape shape;
  std::int64_t parts;
  BuildOptions options;
  std::unique_ptr<Unit> unit;
  LayerList layers;
  Activation x, dy;
};

void check_close(Device& device, const Activation& activation, const std::vector<Naive>& reference) {
  REQUIRE(activation.size() == reference.size());
  for (std::size_t part = 0; part < reference.size(); ++part) {
    CHECK(activation[part].shape() == reference[part].shape);
    CHECK(relative_difference(to_plain(device, activation[part]), reference[part].values) < 1e-5);
  }
}

// Gradients by inputs and parameters; the device is poisoned, so what is not overwritten is NaN.
void check_against_naive(const Case& which) {
  Bench bench(which);
  Device& device = bench.device;
  std::vector<Naive> x = bench.naive(bench.x);
  const std::vector<Naive> dy = bench.naive(bench.dy);
  NaiveParameters parameters = to_naive(device, bench.layers.parameters);
  const auto run = [&] { return naive_unit(parameters, "unit", x, bench.shape, bench.options.epsilon); };
  const auto scalar = [&] { return naive_dot(dy, run()); };

  for (Parameter* parameter : bench.layers.parameters) {
    std::ranges::fill(parameter->gradient.values(), std::numeric_limits<float>::quiet_NaN());
  }
  UnitTape tape(MemoryPurpose::saved_activations);
  const Activation y = bench.unit->forward(device, bench.x, Pass::training, &tape);
  check_close(device, y, run());
  const Activation dx = bench.unit->backward(device, bench.x, y, std::move(tape), std::move(bench.dy));

  REQUIRE(dx.size() == x.size());
  for (std::size_t part = 0; part < x.size(); ++part) {
    CAPTURE(part);
    const std::vector<double> expected = finite_differences(x[part], scalar);
    CHECK(relative_difference(to_plain(device, dx[part]), expected) < 1e-5);
  }
  for (Parameter* parameter : bench.layers.parameters) {
    CAPTURE(parameter->name);
    const std::vector<double> expected = finite_differences(parameters.at(parameter->name), scalar);
    CHECK(relative_difference(to_plain(device, parameter->gradient), expected) < 1e-5);
  }
}

TEST_CASE("ResNet unit matches finite differences") {
  SUBCASE("identity, basic") {
    check_against_naive({false, {5, 5, 4, 4, 1, false, true, false}});
  }
  SUBCASE("identity, bottleneck") {
    check_against_naive({false, {12, 12, 4, 4, 1, true, true, false}});
  }
  SUBCASE("pooling shortcut") {
    check_against_naive({false, {3, 8, 8, 8, 2, false, true, true}});
  }
  SUBCASE("projection") {
    check_against_naive({false, {4, 12, 8, 8, 2, true, true, true}});
  }
  SUBCASE("no leading norm") {
    check_against_naive({false, {5, 5, 4, 4, 1, false, false, true}});
  }
}

TEST_CASE("RevNet unit matches finite differences") {
  SUBCASE("identity, basic") {
    check_against_naive({true, {10, 10, 4, 4, 1, false, true, false}});
  }
  SUBCASE("identity, bottleneck") {
    check_against_naive({true, {24, 24, 4, 4, 1, true, true, false}});
  }
  SUBCASE("pooling shortcut") {
    check_against_naive({true, {6, 12, 8, 8, 2, false, true, true}});
  }
  SUBCASE("projection") {
    check_against_naive({true, {8, 24, 4, 4, 2, true, true, true}});
  }
  SUBCASE("no leading norm") {
    check_against_naive({true, {6, 6, 4, 4, 1, false, false, true}});
  }
}

TEST_CASE("in-place forward equals fresh forward bit for bit") {
  for (const bool reversible : {false, true}) {
    for (const bool bottleneck : {false, true}) {
      CAPTURE(reversible);
      CAPTURE(bottleneck);
      Bench bench({reversible, {24, 24, 4, 4, 1, bottleneck, true, false}});
      REQUIRE(bench.unit->keeps_shape());
      UnitTape tape(MemoryPurpose::saved_activations);
      const Activation recorded = bench.unit->forward(bench.device, bench.x, Pass::training, &tape);
      const Activation fresh = bench.unit->forward(bench.device, bench.x, Pass::training, nullptr);
      bench.unit->forward_in_place(bench.device, bench.x, Pass::training);
      for (std::size_t part = 0; part < fresh.size(); ++part) {
        CHECK(std::ranges::equal(fresh[part].values(), recorded[part].values()));
        CHECK(std::ranges::equal(fresh[part].values(), bench.x[part].values()));
      }
    }
  }
}

TEST_CASE("a unit that changes shape is not reversible") {
  Bench bench({true, {8, 16, 8, 8, 2, false, true, true}});
  CHECK_FALSE(bench.unit->keeps_shape());
  CHECK_FALSE(bench.unit->reversible());
  Bench residual({false, {8, 8, 8, 8, 1, false, true, false}});
  CHECK_FALSE(residual.unit->reversible());
  CHECK_THROWS_AS(residual.unit->reverse(residual.device, residual.x, residual.dy), std::logic_error);
}

// A residual function by itself: dx accumulates, gradients are overwritten, dx may be dy.
TEST_CASE("residual backward adds to dx and overwrites gradients") {
  for (const bool bottleneck : {false, true}) {
    CAPTURE(bottleneck);
    Device device(1, arena_bytes, true);
    const BuildOptions options{2, ConvolutionPolicy::direct, 1e-3};
    const auto function =
        make_residual_function(device, "f", {12, 12, 4, 4, 1, bottleneck, true, false}, options);
    LayerList layers;
    function->list(layers);
    set_by_formula(device, layers, seed);
    const Layout layout = device.activation_layout({2, 12, 4, 4});
    const Tensor x = formula_tensor(device, layout, "x", seed, 1.0f);
    const auto backward = [&](const char* start_of_dx, bool alias) {
      for (Parameter* parameter : layers.parameters) {
        std::ranges::fill(parameter->gradient.values(), std::numeric_limits<float>::quiet_NaN());
      }
      Tensor dy = formula_tensor(device, layout, "dy", seed, 1.0f);
      Tensor dx = formula_tensor(device, layout, start_of_dx, seed, 1.0f);
      Tensor y(device, layout, MemoryPurpose::temporaries);
      Tape tape(MemoryPurpose::tape);
      function->add(device, x, x, Pass::training, y, &tape);
      function->backward(device, x, std::move(tape), dy, alias ? dy : dx);
      return std::pair{to_plain(device, alias ? dy : dx), whole_gradients(device, layers.parameters)};
    };
    const auto [separate, gradients] = backward("dy", false);
    const auto [aliased, aliased_gradients] = backward("dy", true);
    CHECK(separate == aliased);
    CHECK(gradients == aliased_gradients);

    // On another start, the same is added.
    const auto [other, other_gradients] = backward("start", false);
    CHECK(gradients == other_gradients);
    const auto start = formula_uniforms("start", seed, elements(layout.shape())),
               dy = formula_uniforms("dy", seed, elements(layout.shape()));
    for (std::size_t i = 0; i < other.size(); ++i) {
      CHECK(other[i] - start[i] == doctest::Approx(separate[i] - dy[i]).epsilon(1e-4));
    }
  }
}

}  // namespace
}  // namespace revnet
