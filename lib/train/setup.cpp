#include "train/setup.h"

#include <stdexcept>

#include "base/error.h"
#include "net/engine.h"
#include "system/host.h"
#include "train/load_data.h"

namespace revnet {
namespace {

using Activations = Config::Network::Activations;

[[noreturn]] void refuse_unresolved() {
  throw std::logic_error("a configuration is used that was not resolved");
}

// Why the fused engine cannot compute what is asked; empty when it can.
std::string against_fusing(const Config& config) {
  if (config.network.convolution == Config::Network::Convolution::direct) {
    return "its convolutions are Winograd's, not direct";
  }
  if (!can_fuse(Device::planning())) return "it needs a processor with AVX2 or AVX-512";
  return "";
}

Config::Network::Engine resolved_engine(const Config& config) {
  using enum Config::Network::Engine;
  if (config.network.engine == onednn) return onednn;
  const std::string reason = against_fusing(config);
  if (reason.empty()) return fused;
  if (config.network.engine == fused) throw UsageError("the fused engine cannot do this: " + reason);
  return onednn;
}

}  // namespace

ActivationMode activation_mode(Config::Network::Activations activations) {
  switch (activations) {
    case Activations::stored:
      return ActivationMode::stored;
    case Activations::reconstructed:
      return ActivationMode::reconstructed;
    case Activations::checkpointed:
      return ActivationMode::checkpointed;
    case Activations::recursive:
      return ActivationMode::recursive;
    case Activations::automatic:
      break;
  }
  refuse_unresolved();
}

Config resolve(Config config) {
  config = resolve_dataset(std::move(config));
  const Architecture& architecture = find_architecture(config.network.architecture);
  Activations& activations = config.network.activations;
  if (activations == Activations::automatic) {
    activations = architecture.reversible ? Activations::reconstructed : Activations::stored;
  }
  if (!can_keep(architecture, activation_mode(activations))) {
    throw UsageError(architecture.name + " is not reversible: its activations cannot be reconstructed");
  }
  config.network.engine = resolved_engine(config);
  if (config.training.threads == 0) config.training.threads = static_cast<int>(usable_cores().size());
  return config;
}

NetworkOptions network_options(const Config& config) {
  NetworkOptions options;
  options.classes = classes(config);
  options.batch = config.training.batch;
  options.image_size = image_size_of(config);
  options.activations = activation_mode(config.network.activations);
  options.convolution = config.network.convolution == Config::Network::Convolution::direct
                            ? ConvolutionPolicy::direct
                            : ConvolutionPolicy::automatic;
  options.epsilon = config.batch_norm.epsilon;
  if (config.network.engine == Config::Network::Engine::automatic) refuse_unresolved();
  options.engine = config.network.engine == Config::Network::Engine::fused ? Engine::fused : Engine::onednn;
  if (config.network.coupling == Config::Network::Coupling::exact)
    options.grid = Grid{config.network.grid_bits};
  return options;
}

NetworkOptions network_options(const Config& config, Communicator& communicator) {
  NetworkOptions options = network_options(config);
  if (communicator.ranks() == 1) return options;
  if (options.batch < communicator.ranks()) {
    throw UsageError("training.batch: {} images are too few for {} ranks; each needs one at least",
                     options.batch, communicator.ranks());
  }
  options.whole_batch = options.batch;
  options.batch = communicator.shard(options.whole_batch).size;
  if (config.batch_norm.statistics == Config::BatchNorm::Statistics::synchronized)
    options.statistics = &communicator;
  return options;
}

StepSchedule schedule(const Config& config) {
  return {config.training.learning_rate, config.training.decay_at, config.training.decay_factor,
          config.training.iterations};
}

}  // namespace revnet
