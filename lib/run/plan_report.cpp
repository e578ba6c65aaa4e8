#include "run/plan_report.h"

#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "ranks/communicator.h"
#include "settings/config_schema.h"
#include "train/memory_plan.h"
#include "train/setup.h"

namespace revnet {
namespace {

using PlanByMode = std::vector<std::pair<ActivationMode, MemoryPlan>>;

// Plans every activation mode that the architecture supports, for a rank's share of the batch.
PlanByMode plans(Config config, int ranks) {
  config.training.batch = largest_shard(config.training.batch, ranks);
  const Architecture network = architecture(config);
  PlanByMode by_mode;
  for (const ActivationMode mode : activation_modes) {
    if (!can_keep(network, mode)) continue;
    NetworkOptions options = network_options(config);
    options.activations = mode;
    by_mode.emplace_back(mode, plan_memory(network, options, config.training.threads));
  }
  return by_mode;
}

std::string indented(const std::string& yaml) {
  std::istringstream lines(yaml);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  return text;
}

}  // namespace

std::string plan_yaml(const Config& config, const std::string& run_directory, int ranks) {
  const PlanByMode by_mode = plans(config, ranks);
  const MemoryPlan& any = by_mode.front().second;
  std::ostringstream yaml;
  yaml << "architecture: " << network_name(config.network) << "\n"
       << "dataset: " << name(config.dataset.name) << "\n"
       << "run_directory: " << string_yaml(run_directory) << "\n"
       << "parameters: " << any.parameters << "\n"
       << "parameter_bytes: " << static_cast<std::uint64_t>(any.parameters) * sizeof(float) << "\n"
       << "macs_per_image: " << any.macs_per_image << "  # forward\n"
       << "engine: " << name(config.network.engine) << "\n"
       << "activations: " << name(config.network.activations) << "\n"
       << "activation_bytes:  # saved from the forward pass for the backward pass, "
       << (config.training.micro_batch > 0 ? "micro-batch of " : "batch of ")
       << images_at_a_time(config, largest_shard(config.training.batch, ranks))
       << (ranks > 1 ? fmt::format(" on each of {} ranks", ranks) : "") << "\n";
  for (const auto& [mode, plan] : by_mode) {
    yaml << "  " << name(mode) << ": " << plan.peak(MemoryPurpose::saved_activations) << "\n";
  }
  yaml << "peak_bytes:  # all tensors alive at one time\n";
  for (const auto& [mode, plan] : by_mode) yaml << "  " << name(mode) << ": " << plan.peak_bytes << "\n";
  yaml << "arena_bytes:  # mapped for tensors\n";
  for (const auto& [mode, plan] : by_mode) yaml << "  " << name(mode) << ": " << plan.arena_bytes << "\n";
  if (config.network.coupling == Config::Network::Coupling::exact) {
    yaml << "exact_up_to: " << Grid{config.network.grid_bits}.range()
         << "  # the largest magnitude between units that exact coupling restores\n";
  }
  yaml << "onednn_version: " << onednn_version() << "\n"
       << "onednn_winograd: " << onednn_winograd() << "  # if absent, oneDNN's convolutions are direct\n"
       << "settings:\n"
       << indented(to_yaml(config));
  return yaml.str();
}

std::string describe_activation_bytes(const Config& config, int ranks) {
  std::string mine, others;
  for (const auto& [mode, plan] : plans(config, ranks)) {
    const std::string bytes = format_bytes(plan.peak(MemoryPurpose::saved_activations));
    if (mode == activation_mode(config.network.activations)) {
      mine = fmt::format("{} saved ({})", bytes, name(mode));
    } else if (mode == ActivationMode::stored || mode == ActivationMode::reconstructed) {
      others += fmt::format("; {} if {}", bytes, name(mode));
    }
  }
  return mine + others;
}

}  // namespace revnet
