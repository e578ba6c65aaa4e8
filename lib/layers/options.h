// Settings that every layer of a network is built with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "layers/grid.h"
#include "layers/range_watch.h"
#include "layers/reduction.h"

namespace revnet {

// What residual functions are computed by.
enum class Engine {
  onednn,  // oneDNN's operations, one after another (lib/onednn)
  fused,   // our own kernels (lib/fused), in functions without stride
};

// "onednn", "fused".
std::string_view name(Engine engine);

// How oneDNN's convolution algorithm is chosen. The choice depends on the shape without the batch, never on
// timing, so that the arithmetic of a run depends neither on noise nor on how a batch is split.
enum class ConvolutionPolicy {
  automatic,  // Winograd F(4x4, 3x3) where it wins: 3x3, stride 1, from 16 channels on; direct
              // elsewhere, and everywhere if the processor or oneDNN has no Winograd
  direct,
  winograd,  // wherever there is one: for measuring what the rule chooses between
};

struct LayerOptions {
  std::int64_t batch = 100;
  ConvolutionPolicy convolution = ConvolutionPolicy::automatic;
  double epsilon = 1e-3;  // of batch normalisation
  Engine engine = Engine::onednn;
  std::optional<Grid> grid = {};    // of exact coupling; none: sums round as float32 does
  RangeWatch* range = nullptr;      // sees what residual functions write in training; null: nobody does
  Reduction* statistics = nullptr;  // the processes whose batch statistics are one; null: this one's own
};

}  // namespace revnet
