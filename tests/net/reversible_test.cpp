// Algorithm 1 of the paper: a reversible unit restores its input, and its gradients equal those of stored
// activations.
#include <algorithm>
#include <cmath>
#include <map>

#include <doctest/doctest.h>

#include "difference.h"
#include "net/formula.h"
#include "net/networks.h"
#include "ops/statistics.h"

namespace revnet {
namespace {

using testing::largest_difference;

constexpr std::size_t arena_bytes = std::size_t{256} << 20;

Activation copy_of(Device& device, const Activation& from) {
  Activation copies;
  for (const Tensor& tensor : from) {
    copies.emplace_back(device, tensor.layout(), MemoryPurpose::temporaries);
    std::ranges::copy(tensor.values(), copies.back().values().begin());
  }
  return copies;
}

double largest(std::span<const float> values) {
  double result = 0.0;
  for (const float value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

// Records which ReLUs are open in the forward pass, and whether a recomputation opens others.
class Flips final : public NormObserver {
 public:
  void normalized(Norm& norm, Pass pass, const Tensor& /*src*/, Tensor& dst, Tensor& /*mask*/) override {
    compare(
        norm, pass, [&](std::size_t i, std::size_t) { return dst.values()[i] > 0; }, dst);
  }
  void normalizing(Norm& norm, Pass pass, Tensor& src) override {
    const NormConstants of = norm.constants(pass);
    const auto open = [&](std::size_t i, std::size_t c) {
      return std::fma(src.values()[i] - of.mean[c], of.factor[c], of.shift[c]) > 0;
    };
    compare(norm, pass, open, src);
  }
  bool any() const { return flipped_; }

 private:
  template <class Open>
  void compare(const Norm& norm, Pass pass, const Open& open, const Tensor& tensor) {
    const ChannelBlocks blocks(tensor.layout());
    std::vector<bool> now;
    for (std::int64_t n = 0; n < blocks.images; ++n) {
      for (std::int64_t c = 0; c < blocks.channels; ++c) {
        for (std::int64_t pixel = 0; pixel < blocks.pixels(); ++pixel) {
          now.push_back(open(static_cast<std::size_t>(blocks.offset(n, c) + pixel * blocks.block),
                             static_cast<std::size_t>(c)));
        }
      }
    }
    if (pass == Pass::training) {
      open_[&norm] = now;
    } else {
      flipped_ = flipped_ || open_.at(&norm) != now;
    }
  }

  std::map<const Norm*, std::vector<bool>> open_;
  bool flipped_ = false;
};

struct Reversal {
  bool flipped = false;  // some ReLU opened or closed in between
};

// Runs one unit forward and back. If rounding flips a ReLU with this seed, compares only the inputs.
Reversal check_reversal(std::int64_t width, bool bottleneck, std::int64_t size, const LayerOptions& options,
                        std::uint64_t seed) {
  Device device(1, arena_bytes, true);
  const auto unit = make_reversible_unit(
      device, "unit", {.in = width, .out = width, .height = size, .width = size, .bottleneck = bottleneck},
      options);
  REQUIRE(unit->reversible());
  LayerList layers;
  unit->list(layers);
  set_by_formula(layers, seed);
  Flips flips;
  for (Norm* norm : layers.norms) norm->observe(&flips);
  const Layout layout = device.activation_layout({2, width / 2, size, size});
  Activation x, dy;
  for (const char* half : {"1", "2"}) {
    x.push_back(formula_tensor(device, layout, std::string("x") + half, seed, 4.0f));
    dy.push_back(formula_tensor(device, layout, std::string("dy") + half, seed, 1.0f));
  }
  if (unit->input_norm() != nullptr) measure_statistics(x[1], *unit->input_norm());

  UnitTape tape = unit->make_tape(MemoryPurpose::saved_activations);
  const Activation y = unit->forward(x, Pass::training, &tape, nullptr);
  Activation back = copy_of(device, y), dx = copy_of(device, dy);
  unit->reverse(back, dx);
  const auto reconstructed = whole_gradients(layers.parameters);
  for (std::size_t half = 0; half < 2; ++half) {
    const double size = std::max(largest(x[half].values()), largest(y[half].values()));
    // Winograd rounds 3 to 4 times as coarsely.
    const bool direct = options.engine == Engine::onednn && options.convolution == ConvolutionPolicy::direct;
    CHECK(largest_difference(back[half].values(), x[half].values()) < (direct ? 1e-6 : 3e-6) * size);
  }
  if (flips.any()) return {true};
  const Activation stored_dx = unit->backward(x, y, std::move(tape), copy_of(device, dy));
  for (std::size_t half = 0; half < 2; ++half) {
    CHECK(largest_difference(dx[half].values(), stored_dx[half].values()) <
          1e-5 * largest(stored_dx[half].values()));
  }
  for (const auto& [name, stored] : whole_gradients(layers.parameters)) {
    CAPTURE(name);
    CHECK(largest_difference(reconstructed.at(name), stored) < 1e-5 * largest(stored));
  }
  return {};
}

TEST_CASE("a reversible unit restores its input and gives the stored gradients") {
  const LayerOptions direct{.batch = 2, .convolution = ConvolutionPolicy::direct}, automatic{.batch = 2},
      fused{.batch = 2, .engine = Engine::fused};
  for (const std::int64_t half : {16, 56}) {
    for (const bool bottleneck : {false, true}) {
      for (const LayerOptions& options : {direct, automatic, fused}) {
        CAPTURE(half);
        CAPTURE(bottleneck);
        CAPTURE(name(options.engine));
        int clean = 0;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
          CAPTURE(seed);
          const std::int64_t size = seed % 2 == 0 ? 8 : 7;
          if (!check_reversal(2 * half, bottleneck, size, options, seed).flipped) ++clean;
        }
        CHECK(clean > 0);
      }
    }
  }
}

// The bytes that one step keeps from the forward pass for the backward pass.
std::size_t saved_bytes(Architecture architecture, std::int64_t units, ActivationMode mode, Engine engine) {
  for (Architecture::Stage& stage : architecture.stages) stage.units = units;
  Device device = Device::planning();
  Network network(device, architecture, small_options(mode, engine));
  const Tensor images = network.make_images();
  network.compute_gradient(images, formula_labels(2, 10));
  return device.ledger().peak(MemoryPurpose::saved_activations);
}

template <class Check>
void with_each(std::initializer_list<const char*> names, const Check& check) {
  for (const Engine engine : engines) {
    for (const char* of : names) {
      CAPTURE(of);
      CAPTURE(name(engine));
      check(find_architecture(of), engine);
    }
  }
}

TEST_CASE("with reconstruction, saved bytes do not depend on the depth") {
  with_each({"revnet38", "revnet110", "revnet164"}, [](const Architecture& architecture, Engine engine) {
    const auto saved = [&](std::int64_t units) {
      return saved_bytes(architecture, units, ActivationMode::reconstructed, engine);
    };
    const std::size_t three = saved(3);
    CHECK(three > 0);
    CHECK(saved(9) == three);
    CHECK(saved(18) == three);
  });
}

TEST_CASE("with stored activations, saved bytes grow equally with every unit") {
  with_each({"resnet32", "resnet164", "revnet38", "revnet164"},
            [](const Architecture& architecture, Engine engine) {
              const auto saved = [&](std::int64_t units) {
                return saved_bytes(architecture, units, ActivationMode::stored, engine);
              };
              const std::size_t three = saved(3), nine = saved(9), eighteen = saved(18);
              CHECK(nine > three);
              CHECK((nine - three) * 9 == (eighteen - nine) * 6);
            });
}

TEST_CASE("both modes run the same forward arithmetic") {
  with_each({"revnet38", "revnet110", "revnet164"}, [](const Architecture& architecture, Engine engine) {
    const auto run = [&](ActivationMode mode) {
      Device device(architecture.name == "revnet38" ? 2 : 1, arena_bytes, true);
      Network network(device, architecture, small_options(mode, engine));
      network.initialize(1);
      const Tensor images = formula_images(network, 1);
      const Loss loss = network.compute_gradient(images, formula_labels(2, 10));
      const auto gradients = whole_gradients(network.parameters());
      return std::tuple{loss.cross_entropy, to_plain(network.logits(images, Pass::training)),
                        gradients.at("head/dense/weight"), gradients.at("head/bn/scale")};
    };
    // The head's backward pass precedes any reconstruction, so its gradients must be equal bit for bit, too.
    CHECK(run(ActivationMode::stored) == run(ActivationMode::reconstructed));
  });
}

}  // namespace
}  // namespace revnet
