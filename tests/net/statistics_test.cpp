// Batch statistics and their running averages, which only commit_statistics() may change.

#include <doctest/doctest.h>

#include "difference.h"
#include "net/formula.h"
#include "net/naive.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {
namespace {

using testing::relative_distance;

constexpr std::size_t arena_bytes = std::size_t{256} << 20;
constexpr double decay = 0.9;

NetworkOptions small_options(ActivationMode mode) {
  NetworkOptions options;
  options.batch = 2;
  options.image_size = 8;
  options.convolution = ConvolutionPolicy::direct;
  options.activations = mode;
  return options;
}

std::vector<float> all_statistics(const Network& network, bool running) {
  std::vector<float> all;
  for (Norm* norm : network.norms()) {
    const Statistics& statistics = running ? norm->running() : norm->batch();
    for (const Tensor* tensor : {&statistics.mean, &statistics.variance}) {
      all.insert(all.end(), tensor->values().begin(), tensor->values().end());
    }
  }
  return all;
}

// Mean 0 and variance 1 for each norm, in the order of all_statistics().
std::vector<double> fresh_averages(const Network& network) {
  std::vector<double> fresh;
  for (Norm* norm : network.norms()) {
    const auto channels = static_cast<std::size_t>(norm->channels());
    fresh.insert(fresh.end(), channels, 0.0);
    fresh.insert(fresh.end(), channels, 1.0);
  }
  return fresh;
}

TEST_CASE("running averages match a reference in both modes") {
  for (const ActivationMode mode : {ActivationMode::stored, ActivationMode::reconstructed}) {
    CAPTURE(name(mode));
    Device device(1, arena_bytes, true);
    Network network(device, find_architecture("revnet38"), small_options(mode));
    network.initialize(3);
    std::vector<double> reference = fresh_averages(network);
    const std::vector<float> fresh = all_statistics(network, true);
    CHECK(relative_distance(fresh, reference) == 0.0);
    for (std::uint64_t step = 1; step <= 4; ++step) {
      const std::vector<float> before = all_statistics(network, true);
      const Tensor images = formula_images(network, step);
      network.compute_gradient(images, formula_labels(2, 10));
      CHECK(all_statistics(network, true) == before);  // forward, backward, recomputation: none commits
      const std::vector<float> batch = all_statistics(network, false);
      for (std::size_t i = 0; i < reference.size(); ++i) {
        reference[i] = decay * reference[i] + (1.0 - decay) * batch[i];
      }
      network.commit_statistics(decay);
      CHECK(relative_distance(all_statistics(network, true), reference) < 1e-6);
    }
    network.initialize(3);
    CHECK(all_statistics(network, true) == fresh);
  }
}

TEST_CASE("batch statistics are the mean and population variance") {
  Device device(1, arena_bytes, true);
  Network network(device, find_architecture("revnet38"), small_options(ActivationMode::reconstructed));
  set_by_formula(network, 1);
  const Tensor images = formula_images(network, 1);
  network.compute_gradient(images, formula_labels(2, 10));
  const Naive pixels = to_naive(images);
  for (std::size_t half = 0; half < 2; ++half) {
    const Naive weight = to_naive(network.filters()[half]->weight().value);
    const naive::Moments expected = naive_moments(naive_convolution(pixels, weight, 1));
    Norm* norm = network.norms()[half];
    REQUIRE(norm->name() == "stem/bn");
    CHECK(norm->rows().first == static_cast<std::int64_t>(16 * half));
    CHECK(relative_distance(norm->batch().mean.values(), expected.mean) < 1e-5);
    CHECK(relative_distance(norm->batch().variance.values(), expected.variance) < 1e-5);
  }
}

// Compares the batch statistics of every norm with those of a double-precision pass over its input.
class StatisticsCheck final : public NormObserver {
 public:
  void normalized(Norm& /*norm*/, Pass /*pass*/, const Tensor& /*src*/, Tensor& /*dst*/,
                  Tensor& /*mask*/) override {}
  void normalizing(Norm& norm, Pass pass, Tensor& src) override {
    if (pass != Pass::training) return;
    CAPTURE(norm.name());
    const naive::Moments expected = naive_moments(to_naive(src));
    CHECK(relative_distance(norm.batch().mean.values(), expected.mean) < 1e-5);
    CHECK(relative_distance(norm.batch().variance.values(), expected.variance) < 1e-5);
    ++checked;
  }

  int checked = 0;
};

TEST_CASE("statistics summed while writing activations are those of the values read") {
  for (const char* architecture : {"resnet32", "revnet38", "revnet164"}) {
    CAPTURE(architecture);
    Device device(2, arena_bytes, true);
    NetworkOptions options = small_options(ActivationMode::stored);
    options.engine = Engine::fused;
    Network network(device, find_architecture(architecture), options);
    StatisticsCheck check;
    network.observe_norms(&check);
    // Two batches, because a norm that received no statistics would still hold those of the batch before.
    for (const int seed : {1, 2}) {
      set_by_formula(network, static_cast<std::uint64_t>(seed));
      network.compute_gradient(formula_images(network, static_cast<std::uint64_t>(seed)),
                               formula_labels(2, 10));
    }
    CHECK(check.checked > 40);
  }
}

TEST_CASE("recomputation does not change batch statistics") {
  const auto batch_statistics = [](ActivationMode mode) {
    Device device(1, arena_bytes, true);
    Network network(device, find_architecture("revnet164"), small_options(mode));
    set_by_formula(network, 2);
    const Tensor images = formula_images(network, 2);
    network.compute_gradient(images, formula_labels(2, 10));
    return all_statistics(network, false);
  };
  CHECK(batch_statistics(ActivationMode::stored) == batch_statistics(ActivationMode::reconstructed));
}

TEST_CASE("inference changes no statistics and treats images independently") {
  Device device(1, arena_bytes, true);
  Network network(device, find_architecture("resnet32"), small_options(ActivationMode::stored));
  set_by_formula(network, 4);
  const Tensor images = formula_images(network, 4);
  const std::vector<std::int32_t> labels = formula_labels(2, 10);
  network.compute_gradient(images, labels);
  network.commit_statistics(decay);
  const std::vector<float> running = all_statistics(network, true), batch = all_statistics(network, false);
  const Loss both = softmax_cross_entropy(network.logits(images, Pass::inference), labels);
  CHECK(all_statistics(network, true) == running);
  CHECK(all_statistics(network, false) == batch);

  // With running statistics, an image's logits do not depend on the others, so losses add up.
  const Loss first =
      softmax_cross_entropy(network.logits(images, Pass::inference), std::span(labels).first(1));
  CHECK(first.images == 1);
  Tensor swapped(device, images.layout(), MemoryPurpose::temporaries);
  const auto middle = static_cast<std::ptrdiff_t>(images.values().size() / 2);
  std::ranges::rotate_copy(images.values(), images.values().begin() + middle, swapped.values().begin());
  const Loss second =
      softmax_cross_entropy(network.logits(swapped, Pass::inference), std::span(labels).last(1));
  CHECK(both.images == 2);
  CHECK(first.errors + second.errors == both.errors);
  CHECK(first.cross_entropy + second.cross_entropy == doctest::Approx(both.cross_entropy).epsilon(1e-6));
}

}  // namespace
}  // namespace revnet
