// Exact coupling rounds what a residual function adds to a grid on which sums are exact, so that
// reconstruction restores activations bit for bit.
#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include "net/formula.h"
#include "net/networks.h"
#include "ops/elementwise.h"
#include "ops/statistics.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = std::size_t{256} << 20;

NetworkOptions options_of(Engine engine, ActivationMode mode, std::optional<Grid> grid) {
  NetworkOptions options;
  options.batch = 3;
  options.image_size = 8;
  options.engine = engine;
  options.activations = mode;
  options.grid = grid;
  return options;
}

TEST_CASE("the grid rounds to the nearest multiple, and ties to even") {
  const Grid grid{3};
  CHECK(grid.step() == 0.125f);
  CHECK(grid.range() == 2097152.0f);
  CHECK(grid.round(0.3f) == 0.25f);
  CHECK(grid.round(-0.32f) == -0.375f);
  CHECK(grid.round(0.0625f) == 0.0f);
  CHECK(grid.round(0.1875f) == 0.25f);
  CHECK(grid.round(2097151.0f) == 2097151.0f);
}

TEST_CASE("tensors are rounded to the grid over its whole range") {
  Device device(2, arena_bytes, true);
  const Grid grid{10};
  const Layout layout = device.activation_layout({2, 12, 4, 4});
  Tensor x = formula_tensor(device, layout, "x", 1, 0.9f * grid.range());
  const Tensor y = formula_tensor(device, layout, "y", 2, 3.0f);
  round_to_grid(x, grid);
  const std::vector<float> before = to_plain(x), added = to_plain(y);
  for (std::size_t i = 0; i < before.size(); ++i) REQUIRE(grid.round(before[i]) == before[i]);
  add_rounded(y, grid, x);
  const std::vector<float> sum = to_plain(x);
  for (std::size_t i = 0; i < sum.size(); ++i) REQUIRE(sum[i] == before[i] + grid.round(added[i]));
  subtract_rounded(y, grid, x);
  CHECK(to_plain(x) == before);
  // Nothing rounds to -0, which no sum would restore.
  Tensor small = formula_tensor(device, layout, "y", 2, 0.4f * grid.step());
  round_to_grid(small, grid);
  for (const float value : to_plain(small)) REQUIRE((value == 0 && !std::signbit(value)));
}

// The loss and all gradients of a step.
struct Step {
  double cross_entropy;
  std::map<std::string, std::vector<float>> gradients;
  bool operator==(const Step&) const = default;
};

Step step_of(const Architecture& architecture, const NetworkOptions& options, int threads) {
  Device device(threads, arena_bytes, true);
  Network network(device, architecture, options);
  network.initialize(1);
  const Tensor images = formula_images(network, 1);
  const Loss loss = network.compute_gradient(images, formula_labels(options.batch, 10));
  return {loss.cross_entropy, whole_gradients(network.parameters())};
}

TEST_CASE("with exact coupling, reconstructed gradients equal stored ones bit for bit") {
  for (const Architecture& architecture : {find_architecture("revnet38"), small_imagenet()}) {
    for (const Engine engine : engines) {
      for (const int threads : {1, 2}) {
        CAPTURE(architecture.name);
        CAPTURE(name(engine));
        CAPTURE(threads);
        const auto step = [&](ActivationMode mode) {
          NetworkOptions options = options_of(engine, mode, Grid{14});
          if (architecture.stem.pools) options.image_size = small_imagenet_size;
          return step_of(architecture, options, threads);
        };
        CHECK(step(ActivationMode::reconstructed) == step(ActivationMode::stored));
      }
    }
  }
}

// Without this, the test above could pass for float coupling as well.
TEST_CASE("with float coupling, reconstructed gradients differ from stored ones") {
  for (const Engine engine : engines) {
    CAPTURE(name(engine));
    const Architecture& deep = find_architecture("revnet110");
    CHECK_FALSE(step_of(deep, options_of(engine, ActivationMode::reconstructed, {}), 1) ==
                step_of(deep, options_of(engine, ActivationMode::stored, {}), 1));
  }
}

// Compares the reconstructed input of every reversible unit with the original.
class Truth final : public ReconstructionObserver {
 public:
  void entering(std::size_t unit, const Activation& x) override {
    for (const Tensor& half : x) before_[unit].push_back(to_plain(half));
  }
  void reconstructed(std::size_t unit, const Activation& x) override {
    for (std::size_t half = 0; half < x.size(); ++half) {
      const std::vector<float> now = to_plain(x[half]);
      CHECK(now == before_.at(unit)[half]);
      for (const float value : now) on_grid = on_grid && grid.round(value) == value;
      ++compared;
    }
  }

  Grid grid{14};
  bool on_grid = true;
  int compared = 0;

 private:
  std::map<std::size_t, std::vector<std::vector<float>>> before_;
};

TEST_CASE("reconstruction restores every activation, and all lie on the grid") {
  for (const Engine engine : engines) {
    Device device(2, arena_bytes, true);
    RangeWatch range;
    NetworkOptions options = options_of(engine, ActivationMode::reconstructed, Grid{14});
    options.range = &range;
    Network network(device, find_architecture("revnet110"), options);
    network.initialize(2);
    Truth truth;
    network.observe_reconstruction(&truth);
    network.compute_gradient(formula_images(network, 2), formula_labels(3, 10));
    CHECK(truth.compared == 2 * 3 * 8);
    CHECK(truth.on_grid);
    CHECK(range.largest().size() == 2 * 3 * 9);  // F and G of every unit
  }
}

TEST_CASE("the watch sees the largest magnitude a function writes") {
  for (const Engine engine : engines) {
    CAPTURE(name(engine));
    Device device(2, arena_bytes, true);
    RangeWatch range;
    const LayerOptions options{.batch = 2, .engine = engine, .range = &range};
    const auto unit =
        make_residual_unit(device, "unit", {.in = 12, .out = 12, .height = 8, .width = 8}, options);
    LayerList layers;
    unit->list(layers);
    set_by_formula(layers, 1);
    Activation x;
    x.push_back(formula_tensor(device, device.activation_layout({2, 12, 8, 8}), "x", 1, 50.0f));
    if (unit->input_norm() != nullptr) measure_statistics(x[0], *unit->input_norm());
    const Activation y = unit->forward(x, Pass::training, nullptr, nullptr);
    float largest = 0;
    for (const float value : to_plain(y[0])) largest = std::max(largest, std::abs(value));
    REQUIRE(range.largest().size() == 1);
    CHECK(range.largest().at("unit/f") == largest);
    CHECK(largest_magnitude(y[0]) == largest);
    unit->forward(y, Pass::inference, nullptr, nullptr);
    CHECK(range.largest().at("unit/f") == largest);  // evaluation is not watched
  }
}

}  // namespace
}  // namespace revnet
