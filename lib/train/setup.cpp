#include "train/setup.h"

#include <algorithm>
#include <stdexcept>

#include <omp.h>

#include "base/error.h"
#include "net/engine.h"
#include "system/host.h"
#include "train/load_data.h"
#include "train/recipe.h"

namespace revnet {
namespace {

using Activations = Config::Network::Activations;

[[noreturn]] void refuse_unresolved() {
  throw std::logic_error("the configuration has not been resolved");
}

// Returns why the fused engine cannot compute this network; empty if it can.
std::string against_fusing(const Config& config) {
  if (config.network.convolution == Config::Network::Convolution::direct) {
    return "its convolutions use Winograd's method, not direct sums";
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

// oneDNN waits forever for threads that OpenMP does not grant.
int resolved_threads(int threads) {
  const int most = omp_get_thread_limit();
  if (threads == 0) return default_threads();
  if (threads <= most) return threads;
  throw UsageError("training.threads: {} are more than OMP_THREAD_LIMIT allows, {}", threads, most);
}

bool chosen(Config::Network::Switch choice, bool otherwise) {
  using enum Config::Network::Switch;
  return choice == automatic ? otherwise : choice == yes;
}

std::int64_t chosen(std::int64_t number, std::int64_t otherwise) {
  return number == 0 ? otherwise : number;
}

using Stage = Architecture::Stage;

// Returns one number per stage: the setting if it is given, else the architecture's own.
std::vector<std::int64_t> by_stage(const std::vector<std::int64_t>& setting, const std::vector<Stage>& stages,
                                   std::int64_t Stage::*number) {
  std::vector<std::int64_t> numbers = setting;
  if (setting.empty()) {
    for (const Stage& stage : stages) numbers.push_back(stage.*number);
  }
  return numbers;
}

std::vector<Stage> stages_of(const Config::Network& network, const std::string& name,
                             const std::vector<Stage>& named) {
  const std::vector<std::int64_t> units = by_stage(network.units, named, &Stage::units),
                                  widths = by_stage(network.widths, named, &Stage::width);
  std::vector<std::int64_t> strides = by_stage(network.strides, named, &Stage::stride);
  if (strides.empty()) {
    strides.assign(units.size(), 2);
    if (!strides.empty()) strides.front() = 1;
  }
  if (widths.size() != units.size() || strides.size() != units.size()) {
    throw UsageError(
        "{}: units are given for {} stages, widths for {}, strides for {}; give network.units, "
        "network.widths and network.strides one number per stage",
        name, units.size(), widths.size(), strides.size());
  }
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < units.size(); ++i) stages.push_back({units[i], widths[i], strides[i]});
  return stages;
}

}  // namespace

Architecture architecture(const Config& config) {
  const Config::Network& network = config.network;
  Architecture result = network.architecture == Config::Network::custom
                            ? Architecture{}
                            : find_architecture(network.architecture);
  result.name = network_name(config.network);
  result.reversible = chosen(network.reversible, result.reversible);
  result.bottleneck = chosen(network.bottleneck, result.bottleneck);
  result.stages = stages_of(network, result.name, result.stages);
  if (result.stem.width == 0 && !result.stages.empty()) result.stem.width = result.stages.front().width;
  result.stem = {.kernel = chosen(network.stem_kernel, result.stem.kernel),
                 .stride = chosen(network.stem_stride, result.stem.stride),
                 .width = chosen(network.stem_width, result.stem.width),
                 .pools = chosen(network.stem_pool, result.stem.pools)};
  return result;
}

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
  const Architecture network = architecture(config);
  check_possible(network, image_size_of(config));
  Activations& activations = config.network.activations;
  if (activations == Activations::automatic) {
    activations = network.reversible ? Activations::reconstructed : Activations::stored;
  }
  require_can_keep(network, activation_mode(activations));
  config.network.engine = resolved_engine(config);
  config.training = resolve_recipe(config);
  config.training.threads = resolved_threads(config.training.threads);
  return config;
}

Config for_measuring(Config config) {
  Architecture network = architecture(config);
  if (config.dataset.image_size > 0) network.image_size = config.dataset.image_size;
  if (config.dataset.classes > 0) network.classes = config.dataset.classes;
  const Architecture of_cifar;
  config.dataset = {};
  config.augmentation = {};
  config.training.epochs = 0;  // of other images
  config.dataset.name = Config::Dataset::Name::synthetic;
  if (network.image_size != of_cifar.image_size || network.classes != of_cifar.classes) {
    config.dataset.name = Config::Dataset::Name::images;
    config.dataset.image_size = static_cast<int>(network.image_size);
    config.dataset.classes = static_cast<int>(network.classes);
  }
  return config;
}

std::int64_t images_at_a_time(const Config& config, std::int64_t given) {
  return config.training.micro_batch > 0 ? config.training.micro_batch : given;
}

void check_can_learn(const Config& config, int ranks) {
  check_shards(config.training, ranks);
  if (classes(config) == 1) {
    throw UsageError(
        "dataset.classes: there is a single class, so there is nothing to learn; train and val need a folder "
        "for each class");
  }
  if (static_cast<float>(config.batch_norm.epsilon) == 0) {
    throw UsageError("batch_norm.epsilon: {} is 0 in float32; use 1e-30 or more", config.batch_norm.epsilon);
  }
  const bool shared = config.batch_norm.statistics == Config::BatchNorm::Statistics::synchronized;
  const std::int64_t images = images_at_a_time(config, config.training.batch / ranks) * (shared ? ranks : 1);
  if (images > 1 || architecture(config).final_size(image_size_of(config)) > 1) return;
  throw UsageError(
      "batch normalization would see one value of each channel, whose variance is 0: the last stage has 1x1 "
      "pixels, and a process computes a single image at a time; use a larger --batch or --micro-batch, "
      "larger images or smaller strides");
}

NetworkOptions network_options(const Config& config, Communicator& communicator) {
  check_shards(config.training, communicator.ranks());
  const std::int64_t images = communicator.shard(config.training.batch).size;
  NetworkOptions options;
  options.classes = classes(config);
  options.batch = images_at_a_time(config, images);
  options.micro_batches = images / options.batch;
  if (options.batch < config.training.batch) options.whole_batch = config.training.batch;
  options.image_size = image_size_of(config);
  options.activations = activation_mode(config.network.activations);
  options.convolution = config.network.convolution == Config::Network::Convolution::direct
                            ? ConvolutionPolicy::direct
                            : ConvolutionPolicy::automatic;
  options.epsilon = config.batch_norm.epsilon;
  options.label_smoothing = config.training.label_smoothing;
  options.average_weights = config.training.average_decay > 0;
  if (config.network.engine == Config::Network::Engine::automatic) refuse_unresolved();
  options.engine = config.network.engine == Config::Network::Engine::fused ? Engine::fused : Engine::onednn;
  if (config.network.coupling == Config::Network::Coupling::exact)
    options.grid = Grid{config.network.grid_bits};
  const bool shared = config.batch_norm.statistics == Config::BatchNorm::Statistics::synchronized;
  if (shared && communicator.ranks() > 1) options.reduction = &communicator;
  return options;
}

}  // namespace revnet
