// Algorithm 1 of the paper: a reversible unit gives back its input, and gradients as if it had been stored.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <doctest/doctest.h>

#include "net/formula.h"

namespace revnet {
namespace {

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

double largest_difference(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double result = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    result = std::max(result, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return result;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

bool same_masks(const Tape& a, const Tape& b) {
  return std::ranges::equal(a.steps, b.steps, [](const Tape::Step& left, const Tape::Step& right) {
    return same_bytes(left.mask, right.mask);
  });
}

struct Reversal {
  bool flipped = false;  // some ReLU opened or closed in between
};

// One unit, there and back. Of a seed whose rounding flips a ReLU, only the inputs are compared.
Reversal check_reversal(std::int64_t width, bool bottleneck, ConvolutionPolicy policy, std::uint64_t seed) {
  Device device(1, arena_bytes, true);
  const UnitShape shape{width, width, 8, 8, 1, bottleneck, true, false};
  const auto unit = make_reversible_unit(device, "unit", shape, {2, policy, 1e-3});
  REQUIRE(unit->reversible());
  LayerList layers;
  unit->list(layers);
  set_by_formula(device, layers, seed);
  const Layout layout = device.activation_layout({2, width / 2, 8, 8});
  Activation x, dy;
  for (const char* half : {"1", "2"}) {
    x.push_back(formula_tensor(device, layout, std::string("x") + half, seed, 4.0f));
    dy.push_back(formula_tensor(device, layout, std::string("dy") + half, seed, 1.0f));
  }

  UnitTape tape(MemoryPurpose::saved_activations), again(MemoryPurpose::tape);
  const Activation y = unit->forward(device, x, Pass::training, &tape);
  Activation back = copy_of(device, y), dx = copy_of(device, dy);
  unit->reverse(device, back, dx);
  const auto reconstructed = whole_gradients(device, layers.parameters);
  for (std::size_t half = 0; half < 2; ++half) {
    const double size = std::max(largest(x[half].values()), largest(y[half].values()));
    // Winograd rounds 3 to 4 times as coarsely.
    const double precision = policy == ConvolutionPolicy::direct ? 1e-6 : 3e-6;
    CHECK(largest_difference(back[half].values(), x[half].values()) < precision * size);
  }

  unit->complete(device, back, y, again);
  if (!same_masks(tape.f, again.f) || !same_masks(tape.g, again.g)) return {true};
  const Activation stored_dx = unit->backward(device, x, y, std::move(tape), copy_of(device, dy));
  for (std::size_t half = 0; half < 2; ++half) {
    CHECK(largest_difference(dx[half].values(), stored_dx[half].values()) <
          1e-5 * largest(stored_dx[half].values()));
  }
  for (const auto& [name, stored] : whole_gradients(device, layers.parameters)) {
    CAPTURE(name);
    CHECK(largest_difference(reconstructed.at(name), stored) < 1e-5 * largest(stored));
  }
  return {};
}

TEST_CASE("a reversible unit gives back its input and stored gradients") {
  for (const std::int64_t half : {16, 56}) {
    for (const bool bottleneck : {false, true}) {
      for (const auto policy : {ConvolutionPolicy::direct, ConvolutionPolicy::automatic}) {
        CAPTURE(half);
        CAPTURE(bottleneck);
        int clean = 0;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
          CAPTURE(seed);
          if (!check_reversal(2 * half, bottleneck, policy, seed).flipped) ++clean;
        }
        CHECK(clean > 0);
      }
    }
  }
}

NetworkOptions small_options(ActivationMode mode) {
  NetworkOptions options;
  options.batch = 2;
  options.image_size = 8;
  options.activations = mode;
  return options;
}

// What one step keeps from its forward pass for its backward pass.
std::size_t saved_bytes(Architecture architecture, std::int64_t units, ActivationMode mode) {
  architecture.units = {units, units, units};
  Device device = Device::planning();
  Network network(device, architecture, small_options(mode));
  const Tensor images = network.make_images();
  network.compute_gradient(images, formula_labels(2, 10));
  return device.ledger().peak(MemoryPurpose::saved_activations);
}

TEST_CASE("saved bytes do not depend on the chain's length") {
  for (const char* name : {"revnet38", "revnet110", "revnet164"}) {
    CAPTURE(name);
    const Architecture& architecture = find_architecture(name);
    const std::size_t three = saved_bytes(architecture, 3, ActivationMode::reconstructed);
    CHECK(three > 0);
    CHECK(saved_bytes(architecture, 9, ActivationMode::reconstructed) == three);
    CHECK(saved_bytes(architecture, 18, ActivationMode::reconstructed) == three);
  }
}

TEST_CASE("stored bytes grow by the same with every unit") {
  for (const char* name : {"resnet32", "resnet164", "revnet38", "revnet164"}) {
    CAPTURE(name);
    const Architecture& architecture = find_architecture(name);
    const std::size_t three = saved_bytes(architecture, 3, ActivationMode::stored),
                      nine = saved_bytes(architecture, 9, ActivationMode::stored),
                      eighteen = saved_bytes(architecture, 18, ActivationMode::stored);
    CHECK(nine > three);
    CHECK((nine - three) * 9 == (eighteen - nine) * 6);
  }
}

TEST_CASE("both modes run the same forward arithmetic") {
  for (const char* name : {"revnet38", "revnet110", "revnet164"}) {
    CAPTURE(name);
    const auto run = [&](ActivationMode mode) {
      Device device(std::string_view(name) == "revnet38" ? 2 : 1, arena_bytes, true);
      Network network(device, find_architecture(name), small_options(mode));
      network.initialize(1);
      const Tensor images = formula_images(device, network, 1);
      const Loss loss = network.compute_gradient(images, formula_labels(2, 10));
      const auto gradients = whole_gradients(device, network.parameters());
      return std::tuple{loss.cross_entropy, to_plain(device, network.logits(images, Pass::training)),
                        gradients.at("head/dense/weight"), gradients.at("head/bn/scale")};
    };
    // The head comes before any reconstruction, so that its gradients are the same bits too.
    CHECK(run(ActivationMode::stored) == run(ActivationMode::reconstructed));
  }
}

}  // namespace
}  // namespace revnet
