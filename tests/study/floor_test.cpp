#include "study/floor.h"

#include <map>

#include <doctest/doctest.h>

namespace revnet {
namespace {

std::map<Operation, std::int64_t> counts(const Floor& floor) {
  std::map<Operation, std::int64_t> result;
  for (const IsolatedPrimitive& primitive : floor.primitives()) {
    result[primitive.cost.operation] += primitive.count;
  }
  return result;
}

Floor floor_of(const char* architecture, ActivationMode mode) {
  NetworkOptions options;
  options.batch = 2;
  options.activations = mode;
  Device device = Device::planning(1);
  return Floor(Network(device, find_architecture(architecture), options), 1);
}

// ResNet-32 has 15 units of two convolutions and the stem; a norm before each convolution except the first
// unit's first, and one norm each in stem and head.
TEST_CASE("the floor counts what a stored step executes") {
  const Floor floor = floor_of("resnet32", ActivationMode::stored);
  CHECK(counts(floor) == std::map<Operation, std::int64_t>{{Operation::convolution, 31},
                                                           {Operation::convolution_data_gradient, 30},
                                                           {Operation::convolution_weight_gradient, 31},
                                                           {Operation::normalization, 31},
                                                           {Operation::normalization_gradient, 31}});
}

// RevNet-38 has 9 units of two functions with two convolutions each, and the two halves of a stem; 6 units
// are reversible.
TEST_CASE("the floor counts recomputed layers of reversible units") {
  const Floor floor = floor_of("revnet38", ActivationMode::reconstructed);
  CHECK(counts(floor) == std::map<Operation, std::int64_t>{{Operation::convolution, 38 + 24},
                                                           {Operation::convolution_data_gradient, 36},
                                                           {Operation::convolution_weight_gradient, 38},
                                                           {Operation::normalization, 39},
                                                           {Operation::known_normalization, 24},
                                                           {Operation::normalization_gradient, 39}});
}

// Forward takes 69 million multiply-adds per image and each gradient as many, but the stem has no data
// gradient.
TEST_CASE("the floor has the network's arithmetic") {
  Device device = Device::planning(1);
  NetworkOptions options;
  options.batch = 3;
  const Network network(device, find_architecture("resnet32"), options);
  const Floor floor(network, 1);
  const double dense = 64 * 10, stem = 3 * 16 * 9 * 32 * 32;
  const double forward = static_cast<double>(network.macs_per_image()) - dense;
  CHECK(floor.flops() == doctest::Approx(2.0 * 3 * (3 * forward - stem)).epsilon(1e-12));
}

TEST_CASE("the floor plans its memory, and 256 MiB to fill the cache") {
  NetworkOptions options;
  const auto planned = [&](std::int64_t batch) {
    options.batch = batch;
    Device device = Device::planning(1);
    return Floor::planned_bytes(Network(device, find_architecture("resnet32"), options), 1);
  };
  const std::uint64_t cache = std::uint64_t{256} << 20, image = 3 * 16 * 32 * 32 * sizeof(float);
  CHECK(planned(2) > cache + 2 * 2 * image / 3);  // at least what a convolution of stage 1 reads and writes
  CHECK(planned(4) > planned(2));
  CHECK(planned(4) < cache + 100 * image);
}

TEST_CASE("the floor is the sum of the fastest ways") {
  Floor floor = floor_of("resnet32", ActivationMode::stored);
  floor.measure();
  floor.measure();
  floor.measure_out_of_cache();
  double sum = 0;  // of the least median of each
  for (const IsolatedPrimitive& primitive : floor.primitives()) {
    CAPTURE(primitive.shape);
    REQUIRE_FALSE(primitive.ways.empty());
    double fastest = std::numeric_limits<double>::infinity();
    for (const auto& way : primitive.ways) {
      CHECK(way.seconds.size() == 2);
      CHECK(way.seconds_out_of_cache.size() == 1);
      fastest = std::min(fastest, (way.seconds[0] + way.seconds[1]) / 2);
    }
    sum += static_cast<double>(primitive.count) * fastest;
  }
  CHECK(floor.seconds() == doctest::Approx(sum));
  CHECK(floor.seconds() > 0);
  CHECK(floor.seconds_out_of_cache() > 0);
}

}  // namespace
}  // namespace revnet
