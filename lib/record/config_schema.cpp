#include "record/config_schema.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/text.h"

namespace revnet {
namespace {

template <auto Member>
auto field() {
  using T = std::remove_reference_t<decltype(std::declval<Config&>().*Member)>;
  return Field<T>{[](Config& c) -> T& { return c.*Member; },
                  [](const Config& c) -> const T& { return c.*Member; }};
}

template <auto Section, auto Member>
auto field() {
  using T = std::remove_reference_t<decltype((std::declval<Config&>().*Section).*Member)>;
  return Field<T>{[](Config& c) -> T& { return (c.*Section).*Member; },
                  [](const Config& c) -> const T& { return (c.*Section).*Member; }};
}

constexpr double infinity = std::numeric_limits<double>::infinity();

Range at_least(double low) {
  return {low, infinity, false, false};
}
Range more_than(double low) {
  return {low, infinity, true, false};
}
Range between(double low, double high) {
  return {low, high, false, false};
}
Range below(double low, double high) {
  return {low, high, false, true};
}
Range inside(double low, double high) {
  return {low, high, true, true};
}

Setting plain(const char* key, AnyField field, const char* help) {
  return {key, field, {}, {}, help};
}
Setting number(const char* key, AnyField field, Range range, const char* help) {
  return {key, field, range, {}, help};
}
Setting choice(const char* key, AnyField field, std::vector<std::string> choices, const char* help) {
  return {key, field, {}, std::move(choices), help};
}

using C = Config;

std::vector<Setting> experiment_settings() {
  using Dataset = C::Dataset;
  using Network = C::Network;
  constexpr auto dataset = &C::dataset;
  constexpr auto network = &C::network;
  return {
      plain("name", field<&C::name>(), "Name of the experiment."),
      plain("description", field<&C::description>(), "What the experiment is for."),
      choice("dataset.name", field<dataset, &Dataset::name>(), {"cifar10", "cifar100", "synthetic"},
             "Data set."),
      plain("dataset.directory", field<dataset, &Dataset::directory>(),
            "Folder that holds cifar-10-batches-bin and cifar-100-binary (environment: REVNET_DATA)."),
      plain("dataset.validation", field<dataset, &Dataset::validation>(),
            "Hold out 5,000 training images and evaluate on them instead of the test images."),
      choice("network.architecture", field<network, &Network::architecture>(),
             {"resnet32", "revnet38", "resnet110", "revnet110", "resnet164", "revnet164"},
             "Network, as in the paper's table 2."),
      choice("network.activations", field<network, &Network::activations>(),
             {"auto", "stored", "reconstructed", "checkpointed", "recursive"},
             "How activations reach the backward pass; auto: reconstructed for RevNets, stored for ResNets."),
      choice("network.convolution", field<network, &Network::convolution>(), {"auto", "direct"},
             "Convolution algorithm; auto: Winograd where it is faster, by shape."),
      choice("network.engine", field<network, &Network::engine>(), {"auto", "fused", "onednn"},
             "What computes residual functions; fused: kernels of our own, onednn: oneDNN's operations one "
             "after another; auto: fused with convolution auto."),
  };
}

std::vector<Setting> training_settings() {
  using Training = C::Training;
  constexpr auto training = &C::training;
  return {
      number("training.iterations", field<training, &Training::iterations>(), at_least(1), "Steps of SGD."),
      number("training.batch", field<training, &Training::batch>(), at_least(1), "Images in a step."),
      number("training.seed", field<training, &Training::seed>(), at_least(0),
             "Seed of weights, order and augmentation."),
      number("training.threads", field<training, &Training::threads>(), between(0, 4096),
             "Threads; 0: all cores given to the process (environment: REVNET_THREADS)."),
      number(
          "training.rank_timeout", field<training, &Training::rank_timeout>(), at_least(0),
          "Under mpirun, seconds to wait for a rank that does not answer before the run ends; 0: for ever."),
      number("training.learning_rate", field<training, &Training::learning_rate>(), more_than(0),
             "Learning rate before the first decay."),
      number("training.momentum", field<training, &Training::momentum>(), below(0, 1), "Momentum of SGD."),
      number("training.weight_decay", field<training, &Training::weight_decay>(), at_least(0),
             "Weight decay, on convolution and dense weights only."),
      number("training.decay_at", field<training, &Training::decay_at>(), inside(0, 1),
             "When the learning rate decays, in fractions of training.iterations."),
      number("training.decay_factor", field<training, &Training::decay_factor>(), {0, 1, true, false},
             "What each decay multiplies the learning rate by."),
      number("batch_norm.epsilon", field<&C::batch_norm, &C::BatchNorm::epsilon>(), more_than(0),
             "Added to the variance."),
      number("batch_norm.decay", field<&C::batch_norm, &C::BatchNorm::decay>(), below(0, 1),
             "Share of the old value that the running averages keep at each step."),
      choice("batch_norm.statistics", field<&C::batch_norm, &C::BatchNorm::statistics>(),
             {"local", "synchronized"},
             "Under mpirun, what mean and variance are taken over; local: each rank's share of the batch; "
             "synchronized: the whole batch, as in one process."),
      plain("augmentation.enabled", field<&C::augmentation, &C::Augmentation::enabled>(),
            "Crop and flip training images."),
      number("augmentation.padding", field<&C::augmentation, &C::Augmentation::padding>(), between(0, 32),
             "Zero padding before the random crop, in pixels a side."),
      plain("augmentation.flip", field<&C::augmentation, &C::Augmentation::flip>(),
            "Flip half of the images left to right."),
  };
}

std::vector<Setting> recording_settings() {
  return {
      number("evaluation.every", field<&C::evaluation, &C::Evaluation::every>(), at_least(0),
             "Iterations between evaluations; 0: only at the end."),
      number("log.every", field<&C::log, &C::Log::every>(), at_least(1),
             "Iterations between rows of /train in run.h5."),
      number("checkpoint.every", field<&C::checkpoint, &C::Checkpoints::every>(), at_least(0),
             "Iterations between checkpoints; 0: only at the end."),
      plain("checkpoint.keep", field<&C::checkpoint, &C::Checkpoints::keep>(),
            "Keep every checkpoint, as RUN/checkpoints/ITERATION.h5, beside the last."),
  };
}

// Settings of one section stand together: files are written in this order.
std::vector<Setting> make_settings() {
  std::vector<Setting> table;
  for (const auto& part : {experiment_settings(), training_settings(), recording_settings()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = make_settings();
  return table;
}

const Setting* find_setting(std::string_view key) {
  const auto& table = settings();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& s) { return s.key == key; });
  return found == table.end() ? nullptr : &*found;
}

std::string suggestion(const std::string& unknown_key) {
  std::vector<std::string> keys, same_leaf;
  for (const Setting& setting : settings()) {
    keys.push_back(setting.key);
    // Somebody who writes batch alone has forgotten the section.
    if (setting.leaf() == unknown_key) same_leaf.push_back("'" + setting.key + "'");
  }
  if (!same_leaf.empty()) return " (did you mean " + join(same_leaf, " or ") + "?)";
  const std::string known = nearest(unknown_key, keys);
  return known.empty() ? "" : " (did you mean '" + known + "'?)";
}

std::string Setting::section() const {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string Setting::leaf() const {
  return key.substr(key.find('.') + 1);
}

}  // namespace revnet
