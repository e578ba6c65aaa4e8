// Units against naive double arithmetic, and every gradient against finite differences.
#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

#include "difference.h"
#include "net/engine.h"
#include "net/formula.h"
#include "net/naive.h"
#include "net/networks.h"
#include "ops/statistics.h"

namespace revnet {
namespace {

using testing::relative_distance;

constexpr std::size_t arena_bytes = std::size_t{256} << 20;
constexpr std::uint64_t seed = 5;

struct Case {
  bool reversible;
  Engine engine;
  UnitShape shape;
};

LayerOptions options_of(Engine engine) {
  return {.batch = 2, .convolution = ConvolutionPolicy::direct, .epsilon = 1e-3, .engine = engine};
}

// A unit whose parameters and inputs follow the formula. Its widths are not multiples of a block, so padding
// matters.
struct Bench {
  explicit Bench(const Case& which)
      : device(1, arena_bytes, true),
        shape(which.shape),
        parts(which.reversible ? 2 : 1),
        options(options_of(which.engine)),
        unit(which.reversible ? make_reversible_unit(device, "unit", shape, options)
                              : make_residual_unit(device, "unit", shape, options)) {
    unit->list(layers);
    set_by_formula(layers, seed);
    x = activation("x", shape.in, shape.height);
    dy = activation("dy", shape.out, strided_size(shape.height, shape.stride));
    // Whoever writes x must store its statistics; here no one else does.
    if (unit->input_norm() != nullptr) measure_statistics(x.back(), *unit->input_norm());
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
    for (const Tensor& tensor : activation_) result.push_back(to_naive(tensor));
    return result;
  }

  Device device;
  UnitShape shape;
  std::int64_t parts;
  LayerOptions options;
  std::unique_ptr<Unit> unit;
  LayerList layers;
  Activation x, dy;
};

void check_close(const Activation& activation, const std::vector<Naive>& reference) {
  REQUIRE(activation.size() == reference.size());
  for (std::size_t part = 0; part < reference.size(); ++part) {
    CHECK(activation[part].shape() == reference[part].shape);
    CHECK(relative_distance(to_plain(activation[part]), reference[part].values) < 1e-5);
  }
}

// Compares the gradients of inputs and parameters. The device is poisoned, so anything not overwritten is
// NaN.
void check_engine_against_naive(const Case& which) {
  Bench bench(which);
  std::vector<Naive> x = bench.naive(bench.x);
  const std::vector<Naive> dy = bench.naive(bench.dy);
  NaiveParameters parameters = to_naive(bench.layers.parameters);
  const auto run = [&] { return naive_unit(parameters, "unit", x, bench.shape, bench.options.epsilon); };
  const auto scalar = [&] { return naive_dot(dy, run()); };

  for (Parameter* parameter : bench.layers.parameters) {
    std::ranges::fill(parameter->gradient.values(), std::numeric_limits<float>::quiet_NaN());
  }
  UnitTape tape = bench.unit->make_tape(MemoryPurpose::saved_activations);
  const Activation y = bench.unit->forward(bench.x, Pass::training, &tape, nullptr);
  check_close(y, run());
  const Activation dx = bench.unit->backward(bench.x, y, std::move(tape), std::move(bench.dy));

  REQUIRE(dx.size() == x.size());
  for (std::size_t part = 0; part < x.size(); ++part) {
    CAPTURE(part);
    const std::vector<double> expected = finite_differences(x[part], scalar);
    CHECK(relative_distance(to_plain(dx[part]), expected) < 1e-5);
  }
  for (Parameter* parameter : bench.layers.parameters) {
    CAPTURE(parameter->name);
    const std::vector<double> expected = finite_differences(parameters.at(parameter->name), scalar);
    CHECK(relative_distance(to_plain(parameter->gradient), expected) < 2e-5);
  }
}

void check_against_naive(bool reversible, const UnitShape& shape) {
  for (const Engine engine : engines) {
    CAPTURE(name(engine));
    check_engine_against_naive({reversible, engine, shape});
  }
}

TEST_CASE("a ResNet unit matches finite differences") {
  SUBCASE("identity, basic") {
    check_against_naive(false, {.in = 5, .out = 5, .height = 4, .width = 4});
  }
  SUBCASE("identity, bottleneck") {
    check_against_naive(false, {.in = 12, .out = 12, .height = 4, .width = 4, .bottleneck = true});
  }
  SUBCASE("pooling shortcut") {
    check_against_naive(false, {.in = 3, .out = 8, .height = 8, .width = 8, .stride = 2, .first = true});
  }
  SUBCASE("projection") {
    check_against_naive(
        false, {.in = 4, .out = 12, .height = 8, .width = 8, .stride = 2, .bottleneck = true, .first = true});
  }
  SUBCASE("no leading norm") {
    check_against_naive(false,
                        {.in = 5, .out = 5, .height = 4, .width = 4, .leading_norm = false, .first = true});
  }
}

TEST_CASE("a RevNet unit matches finite differences") {
  SUBCASE("identity, basic") {
    check_against_naive(true, {.in = 10, .out = 10, .height = 4, .width = 4});
  }
  SUBCASE("identity, bottleneck") {
    check_against_naive(true, {.in = 24, .out = 24, .height = 4, .width = 4, .bottleneck = true});
  }
  SUBCASE("pooling shortcut") {
    check_against_naive(true, {.in = 6, .out = 12, .height = 8, .width = 8, .stride = 2, .first = true});
  }
  SUBCASE("projection") {
    check_against_naive(
        true, {.in = 8, .out = 24, .height = 5, .width = 5, .stride = 2, .bottleneck = true, .first = true});
  }
  SUBCASE("no leading norm") {
    check_against_naive(true,
                        {.in = 6, .out = 6, .height = 4, .width = 4, .leading_norm = false, .first = true});
  }
}

TEST_CASE("forward in place equals forward into new tensors bit for bit") {
  const auto check = [](const Case& which) {
    Bench bench(which);
    REQUIRE(bench.unit->keeps_shape());
    UnitTape tape = bench.unit->make_tape(MemoryPurpose::saved_activations);
    const Activation recorded = bench.unit->forward(bench.x, Pass::training, &tape, nullptr);
    const Activation fresh = bench.unit->forward(bench.x, Pass::training, nullptr, nullptr);
    bench.unit->forward_in_place(bench.x, Pass::training, nullptr);
    for (std::size_t part = 0; part < fresh.size(); ++part) {
      CHECK(std::ranges::equal(fresh[part].values(), recorded[part].values()));
      CHECK(std::ranges::equal(fresh[part].values(), bench.x[part].values()));
    }
  };
  for (const Engine engine : engines) {
    for (const bool reversible : {false, true}) {
      for (const bool bottleneck : {false, true}) {
        CAPTURE(name(engine));
        CAPTURE(reversible);
        CAPTURE(bottleneck);
        check({reversible, engine, {.in = 24, .out = 24, .height = 4, .width = 4, .bottleneck = bottleneck}});
      }
    }
  }
}

TEST_CASE("a unit that changes shape is not reversible") {
  const Engine engine = Engine::onednn;
  Bench bench({true, engine, {.in = 8, .out = 16, .height = 8, .width = 8, .stride = 2, .first = true}});
  CHECK_FALSE(bench.unit->keeps_shape());
  CHECK_FALSE(bench.unit->reversible());
  Bench residual({false, engine, {.in = 8, .out = 8, .height = 8, .width = 8}});
  CHECK_FALSE(residual.unit->reversible());
  CHECK_THROWS_AS(residual.unit->reverse(residual.x, residual.dy), std::logic_error);
}

// What backward() adds to dx, which may be dy itself, and the parameters' gradients.
struct Added {
  std::vector<float> dx;
  std::map<std::string, std::vector<float>> gradients;
};

// Checks a single residual function: dx accumulates, gradients are overwritten, and dx may be dy.
void check_accumulation(Engine engine, bool bottleneck) {
  Device device(1, arena_bytes, true);
  const auto function = make_residual_function(
      device, "f", {.in = 12, .out = 12, .height = 4, .width = 4, .bottleneck = bottleneck},
      options_of(engine));
  LayerList layers;
  function->list(layers);
  set_by_formula(layers, seed);
  const Layout layout = device.activation_layout({2, 12, 4, 4});
  const Tensor x = formula_tensor(device, layout, "x", seed, 1.0f);
  if (function->input_norm() != nullptr) measure_statistics(x, *function->input_norm());
  const auto backward = [&](const char* start_of_dx, bool alias) -> Added {
    for (Parameter* parameter : layers.parameters) {
      std::ranges::fill(parameter->gradient.values(), std::numeric_limits<float>::quiet_NaN());
    }
    Tensor dy = formula_tensor(device, layout, "dy", seed, 1.0f);
    Tensor dx = formula_tensor(device, layout, start_of_dx, seed, 1.0f);
    Tensor y(device, layout, MemoryPurpose::temporaries);
    std::unique_ptr<Tape> tape = function->make_tape(MemoryPurpose::tape);
    function->add(x, x, Pass::training, y, tape.get(), nullptr);
    function->backward(x, std::move(tape), dy, alias ? dy : dx);
    return {to_plain(alias ? dy : dx), whole_gradients(layers.parameters)};
  };
  const Added separate = backward("dy", false), aliased = backward("dy", true);
  CHECK(separate.dx == aliased.dx);
  CHECK(separate.gradients == aliased.gradients);

  // From another starting value, the same is added.
  const Added other = backward("start", false);
  CHECK(separate.gradients == other.gradients);
  const auto start = formula_uniforms("start", seed, elements(layout.shape())),
             dy = formula_uniforms("dy", seed, elements(layout.shape()));
  for (std::size_t i = 0; i < other.dx.size(); ++i) {
    CHECK(other.dx[i] - start[i] == doctest::Approx(separate.dx[i] - dy[i]).epsilon(1e-4));
  }
}

TEST_CASE("a residual function's backward pass adds to dx and overwrites gradients") {
  for (const Engine engine : engines) {
    for (const bool bottleneck : {false, true}) {
      CAPTURE(name(engine));
      CAPTURE(bottleneck);
      check_accumulation(engine, bottleneck);
    }
  }
}

TEST_CASE("a training pass stores the statistics of its output in the given norm") {
  for (const Engine engine : engines) {
    CAPTURE(name(engine));
    Bench bench({false, engine, {.in = 12, .out = 12, .height = 8, .width = 8}});
    const Shape shape{2, 12, 8, 8};
    Norm next(bench.device, "next", {0, 12}, shape, bench.options);
    const Activation y = bench.unit->forward(bench.x, Pass::training, nullptr, &next);
    const auto statistics = [](const Norm& norm) {
      std::vector<float> all = to_plain(norm.batch().mean);
      const std::vector<float> variance = to_plain(norm.batch().variance);
      all.insert(all.end(), variance.begin(), variance.end());
      return all;
    };
    const naive::Moments moments = naive_moments(to_naive(y[0]));
    naive::Values expected = moments.mean;
    expected.insert(expected.end(), moments.variance.begin(), moments.variance.end());
    CHECK(relative_distance(statistics(next), expected) < 1e-6);
    const std::vector<float> left = statistics(next);
    bench.unit->forward(bench.x, Pass::recomputation, nullptr, &next);
    CHECK(statistics(next) == left);
  }
}

}  // namespace
}  // namespace revnet
