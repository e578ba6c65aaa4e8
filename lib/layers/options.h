// The options that all layers of a network share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/reduction.h"
#include "layers/grid.h"
#include "layers/range_watch.h"

namespace revnet {

// What computes the residual functions, and the projections in the shortcuts of bottleneck units.
enum class Engine {
  onednn,  // oneDNN's operations one after another (lib/onednn)
  fused,   // revnet's own kernels (lib/fused)
};

std::string_view name(Engine engine);

// How oneDNN's convolution algorithm is chosen. The choice depends on the shape without the batch and never
// on timing, so that neither noise nor the way a batch is split changes the arithmetic of a run.
enum class ConvolutionPolicy {
  automatic,  // Winograd F(4x4, 3x3) where it is faster: 3x3, stride 1, 16 channels or more. Direct
              // elsewhere, and everywhere if the processor or oneDNN lacks Winograd.
  direct,
  winograd,  // wherever it is available: for measuring what `automatic` chooses between
};

struct LayerOptions {
  std::int64_t batch = 100;  // images computed at a time: a micro-batch, or a rank's shard
  ConvolutionPolicy convolution = ConvolutionPolicy::automatic;
  double epsilon = 1e-3;  // of batch normalisation
  Engine engine = Engine::onednn;
  std::optional<Grid> grid = {};   // of exact coupling; without it, sums round as in float32
  RangeWatch* range = nullptr;     // observes the sums s + F(x) in training, or null
  Reduction* reduction = nullptr;  // the processes that share batch statistics; null: this one alone
};

}  // namespace revnet
