#include "run/initialization.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "run/earlier_run.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet {
namespace {

NamedArray* find(std::vector<NamedArray>& arrays, const std::string& name) {
  const auto found = std::ranges::find(arrays, name, &NamedArray::name);
  return found == arrays.end() ? nullptr : &*found;
}

// Returns whether the shapes differ in their first dimension, the classes, and in no other.
bool differ_in_classes(const NamedArray& a, const NamedArray& b) {
  return !a.shape.empty() && a.shape.size() == b.shape.size() && a.shape[0] != b.shape[0] &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

}  // namespace

Initialization initialize_from(Checkpoint fresh, Checkpoint from, const std::string& file) {
  Initialization result;
  result.text = fmt::format("starting with the weights in {}, after {} iterations", file, from.iteration);
  for (const std::string name : {"head/dense/weight", "head/dense/bias"}) {
    NamedArray *ours = find(fresh.parameters, name), *theirs = find(from.parameters, name);
    if (ours == nullptr || theirs == nullptr || !differ_in_classes(*ours, *theirs)) continue;
    if (name.ends_with("bias")) {
      result.text += fmt::format("; head/dense is drawn anew, because there are {} classes here, not {}",
                                 ours->shape[0], theirs->shape[0]);
    }
    *theirs = std::move(*ours);
  }
  result.state = std::move(fresh);
  result.state.parameters = std::move(from.parameters);
  // The average of the weights (training.average_decay) starts from the weights themselves.
  if (!result.state.average.empty()) result.state.average = result.state.parameters;
  result.state.running = std::move(from.running);
  return result;
}

void check_initialization(const Config& config) {
  Device device = Device::planning(config.training.threads);
  Network network(device, architecture(config), network_options(config));
  const std::string& file = config.training.initialize_from;
  const Checkpoint from = read_checkpoint(file);
  if (config.dataset.validation) {
    const Config trained = settings_of_checkpoint(from, file);
    if (trained.dataset.name == config.dataset.name && !trained.dataset.validation) {
      throw UsageError(
          "dataset.validation: {} was trained on these images, so their error would say nothing; omit "
          "--validation, or start from a run that held them out, too",
          file);
    }
  }
  import_state(network, initialize_from(export_state(network), from, file).state, file);
}

}  // namespace revnet
