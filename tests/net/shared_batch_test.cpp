// A batch split between processes: with shared statistics, the gradients of the parts add up to that of the
// whole.
#include <algorithm>
#include <cmath>
#include <mutex>

#include <doctest/doctest.h>

#include "difference.h"
#include "net/formula.h"
#include "net/networks.h"
#include "ranks.h"

namespace revnet {
namespace {

using testing::MeetingPlace;
using testing::on_ranks;
using testing::relative_distance;

constexpr std::size_t arena_bytes = std::size_t{256} << 20;
constexpr std::int64_t batch = 5, image_size = 8;

class ThreadReduction final : public Reduction {
 public:
  ThreadReduction(MeetingPlace& place, int rank) : place_(place), rank_(rank) {}
  void sum(std::span<double> values) override { place_.sum(rank_, values); }

 private:
  MeetingPlace& place_;
  int rank_;
};

struct Result {
  double cross_entropy = 0;
  std::vector<double> gradient, statistics;  // of all parameters and norms, concatenated

  void add(Network& network, const Loss& loss) {
    cross_entropy += loss.cross_entropy;
    std::vector<double> own;
    for (const Parameter* parameter : network.parameters()) {
      own.insert(own.end(), parameter->gradient.values().begin(), parameter->gradient.values().end());
    }
    gradient.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) gradient[i] += own[i];
    statistics.clear();
    for (const Norm* norm : network.norms()) {
      for (const Tensor* tensor : {&norm->batch().mean, &norm->batch().variance}) {
        statistics.insert(statistics.end(), tensor->values().begin(), tensor->values().end());
      }
    }
  }
};

// Computes images [first, first + options.batch) of the batch.
void compute(const Architecture& architecture, const NetworkOptions& options, std::uint64_t seed,
             std::int64_t first, Result& result, std::mutex& mutex) {
  NetworkOptions of_all = options;
  of_all.batch = batch;
  Device device(1, arena_bytes, true);
  Network network(device, architecture, options);
  network.initialize(seed);
  Network whole(device, architecture, of_all);
  const Tensor images = formula_images(whole, seed);
  const std::vector<std::int32_t> labels = formula_labels(batch, 10);
  Tensor part = network.make_images();
  const auto values = static_cast<std::size_t>(3 * image_size * image_size);
  std::copy_n(
      images.values().begin() + static_cast<std::ptrdiff_t>(first) * static_cast<std::ptrdiff_t>(values),
      static_cast<std::size_t>(options.batch) * values, part.values().begin());
  const Loss loss = network.compute_gradient(
      part,
      std::span(labels).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(options.batch)));
  const std::scoped_lock lock(mutex);
  result.add(network, loss);
}

// Splits the batch into shards, one per rank.
Result compute_in_parts(const Architecture& architecture, const NetworkOptions& options, std::uint64_t seed,
                        const std::vector<std::int64_t>& shards) {
  Result result;
  std::mutex mutex;
  MeetingPlace place(static_cast<int>(shards.size()));
  on_ranks(place, [&](int rank) {
    ThreadReduction reduction(place, rank);
    NetworkOptions mine = options;
    std::int64_t first = 0;
    for (int i = 0; i < rank; ++i) first += shards[static_cast<std::size_t>(i)];
    mine.batch = shards[static_cast<std::size_t>(rank)];
    mine.whole_batch = batch;
    mine.reduction = &reduction;
    compute(architecture, mine, seed, first, result, mutex);
  });
  return result;
}

// A flipped ReLU moves the gradient by 1e-3 or more, and a wrong sum moves it by 0.1 with every seed. So it
// suffices that one of a few seeds gives the same gradient (measured: 2e-6). In the deepest network some ReLU
// flips with nearly every seed, so a network of its kind with few units stands in for it.
void check_parts(const Architecture& architecture, const NetworkOptions& options,
                 const std::vector<std::int64_t>& shards) {
  constexpr double tolerance = 2e-5;
  double least = 1;
  for (std::uint64_t seed = 1; seed <= 5 && least > tolerance; ++seed) {
    Result whole;
    std::mutex mutex;
    compute(architecture, options, seed, 0, whole, mutex);
    const Result parts = compute_in_parts(architecture, options, seed, shards);
    CHECK(parts.cross_entropy == doctest::Approx(whole.cross_entropy).epsilon(1e-5));
    CHECK(relative_distance(parts.statistics, whole.statistics) < 1e-5);
    least = std::min(least, relative_distance(parts.gradient, whole.gradient));
  }
  CHECK(least < tolerance);
}

TEST_CASE("with shared statistics, uneven parts of a batch give the whole batch's gradient") {
  const Architecture bottleneck{.name = "bottleneck",
                                .reversible = true,
                                .bottleneck = true,
                                .stem = {.width = 32},
                                .stages = {{2, 32, 1}, {2, 64, 2}, {2, 128, 2}}};
  for (const Architecture& architecture :
       {find_architecture("resnet32"), find_architecture("revnet38"), bottleneck}) {
    for (const Engine engine : engines) {
      CAPTURE(architecture.name);
      CAPTURE(name(engine));
      NetworkOptions options;
      options.batch = batch;
      options.image_size = image_size;
      options.engine = engine;
      if (can_keep(architecture, ActivationMode::reconstructed)) {
        options.activations = ActivationMode::reconstructed;
      }
      check_parts(architecture, options, {1, 3, 1});
    }
  }
}

// Shows that the tolerance above can tell the two apart.
TEST_CASE("with statistics of their own, the parts give a different gradient") {
  NetworkOptions options;
  options.batch = batch;
  options.image_size = image_size;
  Result whole, parts;
  std::mutex mutex;
  compute(find_architecture("resnet32"), options, 3, 0, whole, mutex);
  options.whole_batch = batch;
  options.batch = 2;
  compute(find_architecture("resnet32"), options, 3, 0, parts, mutex);
  options.batch = 3;
  compute(find_architecture("resnet32"), options, 3, 2, parts, mutex);
  const double apart = relative_distance(parts.gradient, whole.gradient);
  CHECK(apart > 0.1);
  CHECK(std::isfinite(apart));
}

TEST_CASE("gradients are reported final from the head to the stem, once they are") {
  for (const ActivationMode mode : activation_modes) {
    CAPTURE(name(mode));
    NetworkOptions options;
    options.batch = 2;
    options.image_size = image_size;
    options.activations = mode;
    Device device(1, arena_bytes, true);
    Network network(device, find_architecture("revnet38"), options);
    network.initialize(3);
    const Tensor images = formula_images(network, 1);
    const auto& parameters = network.parameters();
    std::size_t before = parameters.size();
    std::vector<std::vector<float>> told(parameters.size());
    network.compute_gradient(images, formula_labels(2, 10), [&](std::size_t first) {
      CHECK(first < before);
      for (std::size_t i = first; i < before; ++i) {
        told[i].assign(parameters[i]->gradient.values().begin(), parameters[i]->gradient.values().end());
      }
      before = first;
    });
    CHECK(before == 0);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(parameters[i]->name);
      CHECK(std::equal(told[i].begin(), told[i].end(), parameters[i]->gradient.values().begin()));
    }
  }
}

}  // namespace
}  // namespace revnet
