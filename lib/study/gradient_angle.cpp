#include "study/gradient_angle.h"

#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "layers/layer_list.h"
#include "train/network_state.h"

namespace revnet {
namespace {

// Keeps the input of each stage's first reversible unit and compares it with its reconstruction.
class ReconstructionError final : public ReconstructionObserver {
 public:
  explicit ReconstructionError(const Architecture& architecture) : architecture_(architecture) {}

  void entering(std::size_t unit, const Activation& x) override {
    const auto [input, is_first] = inputs_.try_emplace(stage_with(unit));
    if (is_first) input->second = {unit, plain(x), {}};
  }

  void reconstructed(std::size_t unit, const Activation& x) override {
    Input& input = inputs_.at(stage_with(unit));
    if (input.unit == unit) input.error = distance(pieces(input.halves), pieces(plain(x)));
  }

  std::map<std::string, VectorDistance> by_stage() const {
    std::map<std::string, VectorDistance> result;
    for (const auto& [stage, input] : inputs_) result[stage] = input.error;
    return result;
  }

 private:
  using Halves = std::vector<std::vector<float>>;
  struct Input {
    std::size_t unit = 0;
    Halves halves;
    VectorDistance error;
  };

  std::string stage_with(std::size_t unit) const {
    std::size_t stage = 0;
    for (auto left = static_cast<std::int64_t>(unit); left >= architecture_.stages[stage].units; ++stage) {
      left -= architecture_.stages[stage].units;
    }
    return fmt::format("stage{}", stage + 1);
  }
  Halves plain(const Activation& activation) const {
    Halves halves;
    for (const Tensor& tensor : activation) halves.push_back(to_plain(tensor));
    return halves;
  }
  static std::vector<std::span<const float>> pieces(const Halves& halves) {
    return {halves.begin(), halves.end()};
  }

  const Architecture& architecture_;
  std::map<std::string, Input> inputs_;  // by stage
};

// "stage1/unit2" for "stage1/unit2/f/conv1/weight"; "stem" and "head" for theirs.
std::string unit_of(const std::string& parameter) {
  const std::size_t slash = parameter.find('/');
  const bool in_stage = parameter.starts_with("stage");
  return parameter.substr(0, in_stage ? parameter.find('/', slash + 1) : slash);
}

// Compares by a part of the parameters' names.
template <class PartOf>
std::map<std::string, VectorDistance> compare_by(const Gradient& a, const Gradient& b, PartOf part_of) {
  struct Pieces {
    std::vector<std::span<const float>> a, b;
  };
  std::map<std::string, Pieces> parts;
  for (std::size_t i = 0; i < a.size(); ++i) {
    Pieces& pieces = parts[part_of(a[i].name)];
    pieces.a.emplace_back(a[i].values);
    pieces.b.emplace_back(b[i].values);
  }
  std::map<std::string, VectorDistance> result;
  for (const auto& [name, pieces] : parts) result[name] = distance(pieces.a, pieces.b);
  return result;
}

VectorDistance compare_all(const Gradient& a, const Gradient& b) {
  return compare_by(a, b, [](const std::string&) { return std::string(); }).begin()->second;
}

// Removes the observers and restores the activation mode on every exit.
class Restore {
 public:
  explicit Restore(Network& network) : network_(network), mode_(network.options().activations) {}
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() {
    network_.observe_norms(nullptr);
    network_.observe_reconstruction(nullptr);
    network_.keep_activations(mode_);
  }

 private:
  Network& network_;
  ActivationMode mode_;
};

}  // namespace

void require_reversible(const Architecture& architecture) {
  if (!can_keep(architecture, ActivationMode::reconstructed)) {
    throw UsageError(architecture.name + " is not reversible: there is nothing to compare; use a RevNet");
  }
}

AngleMeter::AngleMeter(Trainer& trainer) : trainer_(trainer), network_(trainer.network()) {
  require_reversible(network_.architecture());
}

Gradient AngleMeter::gradient(ActivationMode mode) {
  network_.keep_activations(mode);
  cross_entropy_ = trainer_.compute_gradient().mean_cross_entropy();
  return export_gradients(network_);
}

std::map<std::string, ReluMasks::Count> AngleMeter::counts_of_all_ranks() {
  std::map<std::string, ReluMasks::Count> counts = masks_.counts();
  for (auto& [stage, count] : counts) {
    std::array sums{static_cast<double>(count.relus), static_cast<double>(count.flipped)};
    trainer_.communicator().sum(sums);
    count = {static_cast<std::int64_t>(sums[0]), static_cast<std::int64_t>(sums[1])};
  }
  return counts;
}

GradientAngle AngleMeter::measure() {
  const Restore restore(network_);
  GradientAngle result;
  network_.observe_norms(&masks_);
  masks_.start(ReluMasks::Task::record);
  stored_ = gradient(ActivationMode::stored);
  result.cross_entropy = cross_entropy_;

  ReconstructionError error(network_.architecture());
  network_.observe_reconstruction(&error);
  masks_.start(ReluMasks::Task::compare);
  reconstructed_ = gradient(ActivationMode::reconstructed);
  network_.observe_reconstruction(nullptr);
  result.relus = counts_of_all_ranks();
  result.reconstruction = error.by_stage();

  masks_.start(ReluMasks::Task::force);
  const Gradient forced = gradient(ActivationMode::reconstructed);

  result.all = compare_all(stored_, reconstructed_);
  result.units = compare_by(stored_, reconstructed_, unit_of);
  result.stages = compare_by(stored_, reconstructed_, stage_of);
  result.all_forced = compare_all(stored_, forced);
  result.stages_forced = compare_by(stored_, forced, stage_of);
  return result;
}

}  // namespace revnet
