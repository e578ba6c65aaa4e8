#include "train/sgd.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "difference.h"
#include "net/network.h"

namespace revnet {
namespace {

using testing::largest_difference;

constexpr std::size_t arena_bytes = std::size_t{64} << 20;

// An irregular function of step and index, with values that are not tiny.
float made_up(std::size_t step, std::size_t i) {
  return static_cast<float>(std::sin(static_cast<double>(step * 7919 + i * 31 + 1)));
}

// Compares with PyTorch's SGD, computed in double precision.
void check_steps(bool nesterov) {
  CAPTURE(nesterov);
  Device device(2, arena_bytes, true);
  // 9,000 values make several chunks, the last of which is not full.
  Parameter decaying(device, "a/weight", {0, 9000}, Layout::plain({9000, 2}), {}, true);
  Parameter constant(device, "a/bias", {0, 5}, Layout::plain({5}), {}, false);
  const std::vector<Parameter*> parameters{&decaying, &constant};
  const Sgd sgd(parameters, 0.9, 0.01, nesterov);
  std::vector<std::vector<double>> value, momentum;
  for (Parameter* parameter : parameters) {
    for (std::size_t i = 0; i < parameter->value.values().size(); ++i) {
      parameter->value.values()[i] = made_up(0, i);
    }
    value.emplace_back(parameter->value.values().begin(), parameter->value.values().end());
    momentum.emplace_back(value.back().size(), 0.0);
  }
  for (std::size_t step = 1; step <= 5; ++step) {
    const double rate = 0.1 / static_cast<double>(step);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const std::span<float> gradient = parameters[p]->gradient.values();
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] = made_up(step, i);
        const double decayed = gradient[i] + (p == 0 ? 0.01 * value[p][i] : 0.0);
        momentum[p][i] = 0.9 * momentum[p][i] + decayed;
        value[p][i] -= rate * (nesterov ? decayed + 0.9 * momentum[p][i] : momentum[p][i]);
      }
    }
    sgd.step(device, rate);
  }
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    CHECK(largest_difference(parameters[p]->value.values(), value[p]) < 3e-6);
    CHECK(largest_difference(parameters[p]->momentum.values(), momentum[p]) < 3e-6);
  }
}

TEST_CASE("steps equal a plain loop in double precision, with ordinary and Nesterov momentum") {
  check_steps(false);
  check_steps(true);
}

TEST_CASE("weight decay applies to convolution and dense weights only") {
  Device device(1, arena_bytes, true);
  NetworkOptions options;
  options.batch = 1;
  options.image_size = 8;
  Network network(device, find_architecture("revnet38"), options);
  network.initialize(1);
  // Without gradients, parameters that decay shrink and all others stay.
  Sgd(network.parameters(), 0.9, 0.5).step(device, 1.0);
  Network fresh(device, find_architecture("revnet38"), options);
  fresh.initialize(1);
  for (std::size_t p = 0; p < network.parameters().size(); ++p) {
    const Parameter& parameter = *network.parameters()[p];
    CAPTURE(parameter.name);
    const float left = parameter.name.ends_with("/weight") ? 0.5f : 1.0f;
    std::vector<float> expected = to_plain(fresh.parameters()[p]->value);
    for (float& value : expected) value *= left;
    CHECK(to_plain(parameter.value) == expected);
  }
}

}  // namespace
}  // namespace revnet
