// Whole networks: their parameter counts, activation modes and gradients, what they refuse, and that a step
// frees all its memory.
#include <array>

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "net/formula.h"
#include "net/networks.h"
#include "ops/softmax_cross_entropy.h"
#include "tensor/profile.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = std::size_t{512} << 20;

TEST_CASE("parameter counts match Table 2") {
  struct Row {
    const char* name;
    std::int64_t with_10_classes, with_100;
  };
  const std::array rows{Row{"resnet32", 464154, 470004},    Row{"revnet38", 464890, 475060},
                        Row{"resnet110", 1727962, 1733812}, Row{"revnet110", 1729194, 1740804},
                        Row{"resnet164", 1703258, 1726388}, Row{"revnet164", 1748778, 1794948}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(rows[i].name);
    CHECK(architectures()[i].name == rows[i].name);
    Device device = Device::planning();
    NetworkOptions options;
    CHECK(Network(device, find_architecture(rows[i].name), options).parameter_count() ==
          rows[i].with_10_classes);
    options.classes = 100;
    CHECK(Network(device, find_architecture(rows[i].name), options).parameter_count() == rows[i].with_100);
  }
}

TEST_CASE("parameter counts of ImageNet networks match the reference code") {
  struct Row {
    const char* name;
    std::int64_t parameters;
  };
  const std::array rows{Row{"resnet50", 25549352}, Row{"resnet101", 44541480}, Row{"resnet152", 60185128},
                        Row{"revnet56", 27553128}, Row{"revnet104", 45428072}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Device device = Device::planning();
    NetworkOptions options;
    options.classes = 1000;
    CHECK(Network(device, find_architecture(row.name), options).parameter_count() == row.parameters);
  }
}

TEST_CASE("multiply-adds do not depend on the batch") {
  Device device = Device::planning();
  const auto macs = [&](std::int64_t batch, std::int64_t size) {
    NetworkOptions options;
    options.batch = batch;
    options.image_size = size;
    return Network(device, find_architecture("resnet32"), options).macs_per_image();
  };
  // The stem, 5 units of 2 convolutions per stage, and the dense layer; a stage's first convolution has half
  // the inputs.
  constexpr std::int64_t pixels = 1024, by_stage = 10 * 9 * 16 * 16 * pixels,
                         missing = 9 * 16 * 16 * pixels / 2;
  CHECK(macs(1, 32) == 27 * 16 * pixels + 3 * by_stage - 2 * missing + 640);
  CHECK(macs(7, 32) == macs(1, 32));
  CHECK((macs(1, 32) - 640) == 4 * (macs(1, 16) - 640));
}

TEST_CASE("an unknown architecture is refused with a suggestion") {
  const std::string message = testing::message_of<UsageError>([] { find_architecture("revnet83"); });
  CHECK(message.find("'revnet83'") != std::string::npos);
  CHECK(message.find("did you mean 'revnet38'") != std::string::npos);
  const std::string far = testing::message_of<UsageError>([] { find_architecture("alexander"); });
  CHECK(far.find("did you mean") == std::string::npos);
  CHECK(far.find("resnet164") != std::string::npos);
}

TEST_CASE("impossible networks are refused") {
  Device device = Device::planning();
  const auto build = [&](const char* name, NetworkOptions options) {
    return testing::message_of<UsageError>([&] { Network(device, find_architecture(name), options); });
  };
  for (const char* name : {"resnet32", "resnet110", "resnet164"}) {
    CHECK(build(name, small_options(ActivationMode::reconstructed, Engine::onednn)).find("not reversible") !=
          std::string::npos);
  }
  NetworkOptions odd = small_options(ActivationMode::stored, Engine::onednn);
  odd.image_size = 30;
  CHECK(build("revnet38", odd) ==
        "revnet38 cannot be built: stage 3 has stride 2, which does not divide 15x15 pixels; use an image "
        "size that is a multiple of all strides, or bottlenecks");
  odd.image_size = 3;
  CHECK(build("resnet50", odd).find("stage 2 has stride 2, but only 1x1 pixels reach it") !=
        std::string::npos);
  CHECK(device.ledger().live() == 0);
}

// Along the gradient g, the loss rises by |g| per unit of length. The steps change the loss by a thousandth,
// of which float32 resolves three digits.
TEST_CASE("the gradient is the slope of the loss, with a pooling stem and on both engines") {
  for (const Engine engine : engines) {
    CAPTURE(name(engine));
    Device device(1, arena_bytes, true);
    NetworkOptions options = small_options(ActivationMode::reconstructed, engine);
    options.image_size = small_imagenet_size;
    Network network(device, small_imagenet(), options);
    set_by_formula(network, 1);
    const Tensor images = formula_images(network, 1);
    const auto loss = [&] {
      return network.compute_gradient(images, formula_labels(2, 10)).mean_cross_entropy();
    };
    loss();
    double square = 0;
    std::vector<std::vector<float>> gradient, value;
    for (const Parameter* parameter : network.parameters()) {
      const std::span<const float> of = parameter->gradient.values(), at = parameter->value.values();
      gradient.emplace_back(of.begin(), of.end());
      value.emplace_back(at.begin(), at.end());
      for (const float g : of) square += static_cast<double>(g) * g;
    }
    const auto loss_at = [&](double change) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::span<float> now = network.parameters()[i]->value.values();
        for (std::size_t j = 0; j < now.size(); ++j) {
          now[j] = static_cast<float>(value[i][j] + change / square * gradient[i][j]);
        }
      }
      network.parameters_changed();
      return loss();
    };
    constexpr double change = 0.001;
    CHECK((loss_at(change) - loss_at(-change)) / (2 * change) == doctest::Approx(1).epsilon(0.01));
  }
}

TEST_CASE("the activation mode can be switched") {
  for (const Engine engine : engines) {
    CAPTURE(revnet::name(engine));
    Device device(1, arena_bytes, true);
    Network network(device, find_architecture("revnet38"),
                    small_options(ActivationMode::reconstructed, engine));
    set_by_formula(network, 1);
    const Tensor images = formula_images(network, 1);
    const auto saved = [&](ActivationMode mode) {
      network.keep_activations(mode);
      CHECK(network.options().activations == mode);
      device.ledger().reset_peaks();
      network.compute_gradient(images, formula_labels(2, 10));
      return device.ledger().peak(MemoryPurpose::saved_activations);
    };
    const std::size_t reconstructed = saved(ActivationMode::reconstructed);
    const double factor = engine == Engine::onednn ? 2 : 1.5;
    CHECK(static_cast<double>(saved(ActivationMode::stored)) > factor * static_cast<double>(reconstructed));
    CHECK(saved(ActivationMode::reconstructed) == reconstructed);

    Network stored(device, find_architecture("resnet32"), small_options(ActivationMode::stored, engine));
    CHECK_THROWS_AS(stored.keep_activations(ActivationMode::reconstructed), UsageError);
    CHECK(stored.options().activations == ActivationMode::stored);
    CHECK_NOTHROW(stored.keep_activations(ActivationMode::recursive));
  }
}

// Recomputation with known statistics reproduces the same bits. Hence all modes that keep inputs, or
// recompute from kept ones, give equal gradients, whereas reconstruction rounds.
TEST_CASE("all ways of keeping activations give equal gradients") {
  const auto check = [](const char* name, Engine engine) {
    CAPTURE(name);
    CAPTURE(revnet::name(engine));
    Device device(1, arena_bytes, true);
    Network network(device, find_architecture(name), small_options(ActivationMode::stored, engine));
    set_by_formula(network, 1);
    const Tensor images = formula_images(network, 1);
    const Loss loss = network.compute_gradient(images, formula_labels(2, 10));
    const auto gradients = whole_gradients(network.parameters());
    for (const auto mode : {ActivationMode::checkpointed, ActivationMode::recursive}) {
      network.keep_activations(mode);
      CHECK(network.compute_gradient(images, formula_labels(2, 10)).cross_entropy == loss.cross_entropy);
      CHECK(whole_gradients(network.parameters()) == gradients);
    }
  };
  for (const char* name : {"resnet32", "revnet38", "resnet164", "revnet164"}) {
    for (const Engine engine : engines) check(name, engine);
  }
}

// ResNet-32 has 15 units of two convolutions. Checkpointing recomputes three segments of four, each without
// its last convolution: 21. The recursion T(n) = T(n - n/2) + D(n/2), T(1) = 0, of which each first half
// costs D(n) = 2 (n/2) + D(n - n/2) + D(n/2), D(1) = 1, gives T(15) = 42.
TEST_CASE("no more is recomputed than the backward pass needs") {
  for (const Engine engine : engines) {
    CAPTURE(revnet::name(engine));
    Device device(1, arena_bytes);
    Network network(device, find_architecture("resnet32"), small_options(ActivationMode::stored, engine));
    network.initialize(1);
    const Tensor images = formula_images(network, 1);
    const auto convolutions = [&](ActivationMode mode) {
      network.keep_activations(mode);
      Profile profile;
      device.set_profile(&profile);
      network.compute_gradient(images, formula_labels(2, 10));
      device.set_profile(nullptr);
      std::int64_t calls = 0;
      for (const auto& [operation, row] : profile.rows()) {
        if (operation.first == Operation::convolution) calls += row.calls;
      }
      return calls;
    };
    const std::int64_t once = convolutions(ActivationMode::stored);
    CHECK(convolutions(ActivationMode::checkpointed) == once + 21);
    CHECK(convolutions(ActivationMode::recursive) == once + 42);
  }
}

// A fused function keeps one tensor where oneDNN's operations keep three tensors and two masks.
TEST_CASE("the fused engine keeps fewer activations") {
  for (const auto mode : {ActivationMode::stored, ActivationMode::reconstructed}) {
    const auto kept = [&](Engine engine) {
      Device device = Device::planning(1);
      Network network(device, find_architecture("revnet110"), small_options(mode, engine));
      const Tensor images = network.make_images();
      device.ledger().reset_peaks();
      network.compute_gradient(images, formula_labels(2, 10));
      return std::pair(device.ledger().peak(MemoryPurpose::saved_activations),
                       device.ledger().peak(MemoryPurpose::tape));
    };
    const auto onednn = kept(Engine::onednn), fused = kept(Engine::fused);
    CHECK(fused.first < (mode == ActivationMode::stored ? 0.65 : 1.01) * static_cast<double>(onednn.first));
    CHECK(fused.second <= onednn.second);
  }
}

TEST_CASE("saved activations shrink from stored to checkpointed to recursive") {
  for (const char* name : {"resnet110", "revnet110"}) {
    for (const Engine engine : engines) {
      CAPTURE(name);
      CAPTURE(revnet::name(engine));
      Device device = Device::planning();
      std::vector<std::size_t> saved;
      for (const auto mode :
           {ActivationMode::stored, ActivationMode::checkpointed, ActivationMode::recursive}) {
        Network network(device, find_architecture(name), small_options(mode, engine));
        const Tensor images = network.make_images();
        device.ledger().reset_peaks();
        network.compute_gradient(images, formula_labels(2, 10));
        saved.push_back(device.ledger().peak(MemoryPurpose::saved_activations) +
                        device.ledger().peak(MemoryPurpose::tape));
      }
      CHECK(saved[0] > 2 * saved[1]);
      CHECK(saved[1] > 2 * saved[2]);
    }
  }
}

TEST_CASE("a step leaves no bytes behind") {
  for (const char* name : {"resnet32", "revnet38", "resnet164", "revnet164"}) {
    const Architecture& architecture = find_architecture(name);
    for (const auto mode : activation_modes) {
      if (!can_keep(architecture, mode)) continue;
      for (const Engine engine : engines) {
        CAPTURE(name);
        CAPTURE(revnet::name(engine));
        Device device(1, arena_bytes, true);
        {
          Network network(device, architecture, small_options(mode, engine));
          network.initialize(1);
          const Tensor images = formula_images(network, 1);
          const std::size_t before = device.ledger().live();
          network.compute_gradient(images, formula_labels(2, 10));
          CHECK(device.ledger().live() == before);
          softmax_cross_entropy(network.logits(images, Pass::inference), formula_labels(2, 10));
          CHECK(device.ledger().live() == before);
        }
        CHECK(device.ledger().live() == 0);
      }
    }
  }
}

TEST_CASE("the layers that run again are listed for the modes that compare speed measures") {
  Device device = Device::planning(1);
  const auto listed = [&](ActivationMode mode) {
    return Network(device, find_architecture("revnet38"), small_options(mode, Engine::fused))
        .recomputed_layers()
        .filters.size();
  };
  CHECK(listed(ActivationMode::stored) == 0);
  CHECK(listed(ActivationMode::reconstructed) == 3 * 2 * 2 * 2);  // two units a stage, of F and G
  CHECK_THROWS_AS(listed(ActivationMode::checkpointed), std::logic_error);
}

TEST_CASE("a second step on the same batch gives the same bits") {
  for (const auto& [mode, engine] : {std::pair(ActivationMode::stored, Engine::onednn),
                                     std::pair(ActivationMode::reconstructed, Engine::onednn),
                                     std::pair(ActivationMode::reconstructed, Engine::fused)}) {
    Device device(2, arena_bytes, true);
    Network network(device, find_architecture("revnet38"), small_options(mode, engine));
    network.initialize(1);
    const Tensor images = formula_images(network, 1);
    const Loss first = network.compute_gradient(images, formula_labels(2, 10));
    const auto gradients = whole_gradients(network.parameters());
    const Loss second = network.compute_gradient(images, formula_labels(2, 10));
    CHECK(first.cross_entropy == second.cross_entropy);
    CHECK(whole_gradients(network.parameters()) == gradients);
  }
}

TEST_CASE("the padding of weights gets no gradient") {
  Engine engine = Engine::onednn;
  SUBCASE("onednn") {
    engine = Engine::onednn;
  }
  SUBCASE("fused") {
    engine = Engine::fused;
  }
  Device device(1, arena_bytes, true);
  // 12 and 20 channels per half fill neither blocks of 8 nor blocks of 16.
  const Architecture odd{.name = "odd",
                         .reversible = true,
                         .stem = {.width = 24},
                         .stages = {{2, 24, 1}, {2, 40, 2}, {2, 40, 2}}};
  Network network(device, odd, small_options(ActivationMode::reconstructed, engine));
  network.initialize(1);
  const Tensor images = formula_images(network, 1);
  network.compute_gradient(images, formula_labels(2, 10));
  bool padded = false;
  for (const Parameter* parameter : network.parameters()) {
    CAPTURE(parameter->name);
    const auto filled = [](std::span<const float> values) {
      return std::ranges::count_if(values, [](float value) { return value != 0.0f; });
    };
    // NaN would count as filled in both.
    CHECK(filled(parameter->gradient.values()) == filled(to_plain(parameter->gradient)));
    CHECK(
        std::ranges::all_of(parameter->gradient.values(), [](float value) { return std::isfinite(value); }));
    padded = padded || parameter->gradient.layout().stored_elements() > parameter->size();
  }
  CHECK(padded);
}

}  // namespace
}  // namespace revnet
