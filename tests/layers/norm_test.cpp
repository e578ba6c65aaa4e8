#include "layers/norm.h"

#include <cmath>

#include <doctest/doctest.h>

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = 1 << 20;
const LayerOptions options{.batch = 2, .epsilon = 0.01};

// Two channels with distinct known values in every parameter and statistic.
struct Bench {
  Device device{1, arena_bytes, true};
  Norm norm{device, "stage1/unit1/f/bn1", {0, 2}, {2, 2, 3, 3}, options};

  Bench() {
    copy_from_plain(std::vector<float>{2.0f, -1.0f}, norm.scale().value);
    copy_from_plain(std::vector<float>{0.5f, 0.25f}, norm.shift().value);
    copy_from_plain(std::vector<float>{3.0f, -4.0f}, norm.batch().mean);
    copy_from_plain(std::vector<float>{0.03f, 3.99f}, norm.batch().variance);
    norm.reset_statistics();
  }
};

TEST_CASE("the constants use the statistics of their pass") {
  Bench bench;
  for (const Pass pass : {Pass::training, Pass::recomputation}) {
    const NormConstants batch = bench.norm.constants(pass);
    CHECK(batch.mean == std::vector<float>{3.0f, -4.0f});
    CHECK(batch.shift == std::vector<float>{0.5f, 0.25f});
    CHECK(batch.factor[0] == doctest::Approx(2.0 / 0.2));
    CHECK(batch.factor[1] == doctest::Approx(-1.0 / 2.0));
  }
  const NormConstants running = bench.norm.constants(Pass::inference);
  CHECK(running.mean == std::vector<float>{0.0f, 0.0f});
  CHECK(running.factor[0] == doctest::Approx(2.0 / std::sqrt(1.01)));
}

TEST_CASE("running averages move towards the batch's statistics") {
  Bench bench;
  bench.norm.commit_statistics(0.75);
  CHECK(to_plain(bench.norm.running().mean) == std::vector<float>{0.75f, -1.0f});
  CHECK(bench.norm.running().variance.values()[0] == doctest::Approx(0.75 + 0.25 * 0.03));
  CHECK(bench.norm.running().variance.values()[1] == doctest::Approx(0.75 + 0.25 * 3.99));
  bench.norm.reset_statistics();
  CHECK(to_plain(bench.norm.running().mean) == std::vector<float>{0.0f, 0.0f});
  CHECK(to_plain(bench.norm.running().variance) == std::vector<float>{1.0f, 1.0f});
}

class Nobody final : public NormObserver {
 public:
  void normalized(Norm&, Pass, const Tensor&, Tensor&, Tensor&) override {}
  void normalizing(Norm&, Pass, Tensor&) override {}
};

TEST_CASE("an observer sees training and recomputation, never evaluation") {
  Bench bench;
  Nobody observer;
  bench.norm.observe(&observer);
  CHECK(bench.norm.observer(Pass::training) == &observer);
  CHECK(bench.norm.observer(Pass::recomputation) == &observer);
  CHECK(bench.norm.observer(Pass::inference) == nullptr);
  bench.norm.observe(nullptr);
  CHECK(bench.norm.observer(Pass::training) == nullptr);
}

}  // namespace
}  // namespace revnet
