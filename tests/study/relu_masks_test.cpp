#include "study/relu_masks.h"

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "onednn/layers.h"

namespace revnet {
namespace {

constexpr std::int64_t batch = 2, channels = 20, size = 3;  // padded to 32 channels in blocks of 16

// An observed normalisation and its input.
struct Bench {
  Device device{1, std::size_t{16} << 20, true};
  std::unique_ptr<NormRelu> layer = onednn::make_norm_relu(device, "stage2/unit1/f/bn1", {0, channels},
                                                           {batch, channels, size, size}, {.batch = batch});
  Norm& norm = layer->norm();
  Tensor src{device, device.activation_layout(norm.shape()), MemoryPurpose::temporaries};
  ReluMasks masks;

  Bench() {
    std::vector<float> values;
    for (std::int64_t i = 0; i < batch * channels * size * size; ++i) {
      values.push_back(std::sin(static_cast<float>(i)) + 2.0f * static_cast<float>(i % 7));
    }
    copy_from_plain(values, src);
    for (float& scale : norm.scale().value.values()) scale = 1.5f;
    shift_by(0.25f);
    norm.observe(&masks);
  }

  void shift_by(float amount) {
    for (float& shift : norm.shift().value.values()) shift += amount;
  }

  struct Output {
    std::vector<float> values;
    std::vector<std::uint8_t> mask;
  };
  Output run(Pass pass) {
    Tensor dst(device, device.activation_layout(norm.shape()), MemoryPurpose::temporaries),
        mask(device, layer->mask_layout(), MemoryPurpose::temporaries);
    layer->forward(src, pass, dst, mask);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(mask.data());
    return {to_plain(dst), {bytes, bytes + mask.bytes()}};
  }

  // The values before the ReLU, in double.
  std::vector<double> normalized() {
    std::vector<double> result;
    const std::vector<float> in = to_plain(src);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const std::size_t c = i / (size * size) % channels;
      const double deviation =
          std::sqrt(static_cast<double>(norm.batch().variance.values()[c]) + norm.epsilon());
      result.push_back(norm.scale().value.values()[c] * (in[i] - norm.batch().mean.values()[c]) / deviation +
                       norm.shift().value.values()[c]);
    }
    return result;
  }
};

TEST_CASE("recomputing the same values flips no mask") {
  Bench bench;
  bench.masks.start(ReluMasks::Task::record);
  bench.run(Pass::training);
  bench.masks.start(ReluMasks::Task::compare);
  bench.run(Pass::recomputation);
  CHECK(bench.masks.counts().at("stage2").relus == batch * channels * size * size);
  CHECK(bench.masks.counts().at("stage2").flipped == 0);
}

TEST_CASE("flipped masks are counted and forced back") {
  for (const float by : {0.5f, -0.5f}) {
    CAPTURE(by);
    Bench bench;
    bench.masks.start(ReluMasks::Task::record);
    const Bench::Output recorded = bench.run(Pass::training);
    const std::vector<double> before = bench.normalized();
    bench.shift_by(by);
    const std::vector<double> after = bench.normalized();
    std::int64_t flips = 0;
    for (std::size_t i = 0; i < before.size(); ++i) flips += (before[i] > 0) != (after[i] > 0);
    REQUIRE(flips > 10);

    bench.masks.start(ReluMasks::Task::compare);
    CHECK(bench.run(Pass::recomputation).mask != recorded.mask);
    CHECK(bench.masks.counts().at("stage2").flipped == flips);
    bench.masks.start(ReluMasks::Task::compare);
    bench.run(Pass::recomputation);
    CHECK(bench.masks.counts().at("stage2").flipped == flips);  // the count starts again

    // Forced ReLUs are linear where the recorded ones were open, even below zero, and zero elsewhere.
    bench.masks.start(ReluMasks::Task::force);
    const Bench::Output forced = bench.run(Pass::recomputation);
    CHECK(forced.mask == recorded.mask);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const double exact = before[i] > 0 ? after[i] : 0.0;
      CHECK(forced.values[i] == doctest::Approx(exact).epsilon(1e-5));
    }
  }
}

TEST_CASE("a layer that was not recorded cannot be compared") {
  Bench bench;
  bench.masks.start(ReluMasks::Task::compare);
  bench.run(Pass::training);  // not a recomputation
  CHECK_THROWS_AS(bench.run(Pass::recomputation), std::logic_error);
}

}  // namespace
}  // namespace revnet
