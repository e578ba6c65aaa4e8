#include "settings/config_schema.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace revnet {
namespace {

// A member of a Config, or of one of its sections.
template <auto Member>
auto& at(auto& config) {
  return config.*Member;
}
template <auto Section, auto Member>
auto& at(auto& config) {
  return config.*Section.*Member;
}

template <auto... Path>
Setting setting(const char* key, SettingOption option, Interval interval, Effect effect, std::string help,
                std::vector<std::string> choices = {}) {
  using T = std::remove_cvref_t<decltype(at<Path...>(std::declval<Config&>()))>;
  if (!option.environment.empty()) help += "; also $" + option.environment;
  Setting result{key, {}, std::move(option), interval, effect, std::move(help), std::move(choices), ""};
  if constexpr (std::is_enum_v<T>) {
    constexpr auto known = words(T{});
    result.choices.assign(known.begin(), known.end());
    result.field = ChoiceField{[](Config& c, std::size_t place) { at<Path...>(c) = static_cast<T>(place); },
                               [](const Config& c) { return static_cast<std::size_t>(at<Path...>(c)); }};
  } else {
    result.field = Field<T>{[](Config& c) -> T& { return at<Path...>(c); },
                            [](const Config& c) -> const T& { return at<Path...>(c); }};
  }
  return result;
}

// No option has it: these settings are given by --set and in files.
constexpr const char* architecture_group = "Architecture";

constexpr double infinity = std::numeric_limits<double>::infinity();

Interval at_least(double low) {
  return {low, infinity, false, false};
}
Interval more_than(double low) {
  return {low, infinity, true, false};
}
Interval between(double low, double high) {
  return {low, high, false, false};
}
Interval below(double low, double high) {
  return {low, high, false, true};
}
Interval inside(double low, double high) {
  return {low, high, true, true};
}

using C = Config;

std::vector<Setting> experiment_settings() {
  using Dataset = C::Dataset;
  constexpr auto dataset = &C::dataset;
  return {
      setting<&C::name>("name", {}, {}, Effect::none, "name of the experiment"),
      setting<&C::description>("description", {}, {}, Effect::none, "what the experiment is for"),
      setting<dataset, &Dataset::name>("dataset.name", {"dataset"}, {}, Effect::result, "data set"),
      setting<dataset, &Dataset::directory>("dataset.directory", {"--data-dir", "DIR|FILE", "REVNET_DATA"},
                                            {}, Effect::none,
                                            "CIFAR's folder, class folders or a packed file"),
      setting<dataset, &Dataset::validation>(
          "dataset.validation", {"--validation"}, {}, Effect::result,
          "evaluate on 5,000 held-out training images, not on the test set"),
      setting<dataset, &Dataset::image_size>("dataset.image_size", {"--image-size", "N"}, between(0, 4096),
                                             Effect::result,
                                             "width and height of photographs; 0: 224 (CIFAR: 32)"),
      setting<dataset, &Dataset::classes>(
          "dataset.classes", {}, between(0, 1'000'000), Effect::result,
          "number of classes; 0: as many as the folders or the file have; imagenet: 1,000"),
      setting<dataset, &Dataset::values>(
          "dataset.values", {}, {}, Effect::result,
          "range of photographs' pixels: symmetric, from -1 to 1; standardized, by "
          "ImageNet's mean and deviation of each colour"),
      setting<dataset, &Dataset::damaged>("dataset.damaged", {}, {},
                                          Effect::none,  // a run with "refuse" has left no image out so far
                                          "what to do about damaged photographs: refuse ends the run, skip "
                                          "leaves them out and counts them"),
      setting<dataset, &Dataset::workers>("dataset.workers", {"--workers", "N"}, between(0, 1024),
                                          Effect::speed,
                                          "threads that decode photographs; 0: one for every 8 cores"),
  };
}

std::vector<Setting> network_settings() {
  using Network = C::Network;
  constexpr auto network = &C::network;
  return {
      setting<network, &Network::architecture>(
          "network.architecture", {"--arch", "NAME"}, {}, Effect::result,
          "resnet32 50 101 110 152 164, revnet38 56 104 110 164 or custom",
          {"resnet32", "revnet38", "resnet110", "revnet110", "resnet164", "revnet164", "resnet50",
           "resnet101", "resnet152", "revnet56", "revnet104", Network::custom}),
      setting<network, &Network::activations>(
          "network.activations", {"--activations", "MODE"}, {}, Effect::result,
          "stored, reconstructed (RevNets), checkpointed, recursive or auto"),
      setting<network, &Network::convolution>("network.convolution", {"--convolution", "POLICY"}, {},
                                              Effect::result,
                                              "auto: Winograd where it is faster; direct: never Winograd"),
      setting<network, &Network::engine>("network.engine", {"--engine", "ENGINE"}, {}, Effect::result,
                                         "fused: our own kernels; onednn: oneDNN's; auto: fused if possible"),
      setting<network, &Network::coupling>("network.coupling", {"--coupling", "COUPLING"}, {}, Effect::result,
                                           "float, as in the paper, or exact: reconstruction is lossless"),
      setting<network, &Network::grid_bits>("network.grid_bits", {}, between(1, 20), Effect::result,
                                            "exact coupling rounds to multiples of 2^-bits, and is lossless "
                                            "up to 2^(24-bits)"),
  };
}

// The parts of an architecture. "auto", 0 and an empty list keep those of the named one; a custom one needs
// units and widths.
std::vector<Setting> architecture_settings() {
  using Network = C::Network;
  constexpr auto network = &C::network;
  return {
      setting<network, &Network::reversible>("network.reversible", {}, {}, Effect::result,
                                             "make units reversible, as in a RevNet"),
      setting<network, &Network::bottleneck>("network.bottleneck", {}, {}, Effect::result,
                                             "use convolutions of 1x1, 3x3 and 1x1 in residual functions, "
                                             "instead of two of 3x3"),
      setting<network, &Network::units>("network.units", {}, between(1, 10000), Effect::result,
                                        "number of units of each stage"),
      setting<network, &Network::widths>(
          "network.widths", {}, between(1, 65536), Effect::result,
          "channels of each stage; a bottleneck stage outputs 4 times as many"),
      setting<network, &Network::strides>("network.strides", {}, between(1, 16), Effect::result,
                                          "stride of each stage's first unit; custom: 1, then 2"),
      setting<network, &Network::stem_kernel>("network.stem_kernel", {}, between(0, 31), Effect::result,
                                              "kernel size of the stem's convolution; custom: 3"),
      setting<network, &Network::stem_stride>("network.stem_stride", {}, between(0, 16), Effect::result,
                                              "stride of the stem's convolution; custom: 1"),
      setting<network, &Network::stem_width>("network.stem_width", {}, between(0, 65536), Effect::result,
                                             "channels of the stem; custom: the first of widths"),
      setting<network, &Network::stem_pool>("network.stem_pool", {}, {}, Effect::result,
                                            "end the stem with 3x3 max pooling of stride 2; custom: false"),
  };
}

std::vector<Setting> training_settings() {
  using Training = C::Training;
  constexpr auto training = &C::training;
  return {
      setting<training, &Training::iterations>(
          "training.iterations", {"--iterations", "N"}, at_least(1), Effect::result,
          "training steps; by default the learning rate drops at 1/2 and 3/4 of them"),
      setting<training, &Training::epochs>(
          "training.epochs", {"--epochs", "E"}, between(0, 1'000'000), Effect::result,
          "passes over the training images, instead of iterations; 0: unused"),
      setting<training, &Training::batch>("training.batch", {"--batch", "N"}, between(1, 1'000'000),
                                          Effect::result,
                                          "images per step; with several ranks, of all together"),
      setting<training, &Training::micro_batch>(
          "training.micro_batch", {"--micro-batch", "N"}, between(0, 1'000'000), Effect::result,
          "images of a batch computed at a time, which saves memory; 0: all"),
      setting<training, &Training::seed>("training.seed", {"--seed", "N"}, at_least(0), Effect::result,
                                         "seed of initial weights, shuffling, augmentation, synthetic set"),
      setting<training, &Training::threads>("training.threads", {"--threads", "N", "REVNET_THREADS"},
                                            between(0, 4096), Effect::speed,
                                            "number of threads; 0: one per core"),
      setting<training, &Training::rank_timeout>(
          "training.rank_timeout", {}, at_least(0), Effect::none,
          "under mpirun, seconds to wait for a rank that does not answer; 0: forever"),
      setting<training, &Training::learning_rate>("training.learning_rate", {"--lr", "RATE"}, more_than(0),
                                                  Effect::result, "learning rate before the first decay"),
      setting<training, &Training::base_batch>(
          "training.base_batch", {}, at_least(0), Effect::result,
          "batch that the learning rate is meant for: another batch scales it by batch / base_batch; 0: no "
          "scaling"),
      setting<training, &Training::schedule>("training.schedule", {}, {}, Effect::result,
                                             "how the learning rate falls: in steps at training.decay_at, or "
                                             "along half a cosine to 0"),
      setting<training, &Training::warmup_iterations>(
          "training.warmup_iterations", {}, at_least(0), Effect::result,
          "first iterations, in which the learning rate rises in equal steps; 0: none"),
      setting<training, &Training::momentum>("training.momentum", {}, below(0, 1), Effect::result,
                                             "momentum of SGD"),
      setting<training, &Training::nesterov>("training.nesterov", {}, {}, Effect::result,
                                             "use Nesterov's momentum, as PyTorch's SGD does"),
      setting<training, &Training::weight_decay>("training.weight_decay", {"--weight-decay", "DECAY"},
                                                 at_least(0), Effect::result,
                                                 "weight decay, on convolution and dense weights only"),
      setting<training, &Training::decay_at>(
          "training.decay_at", {}, inside(0, 1), Effect::result,
          "when the learning rate decays, in fractions of training.iterations"),
      setting<training, &Training::decay_factor>("training.decay_factor", {}, {0, 1, true, false},
                                                 Effect::result,
                                                 "factor by which each decay multiplies the learning rate"),
      setting<training, &Training::initialize_from>(
          "training.initialize_from", {"--initialize-from", "FILE"}, {}, Effect::result,
          "checkpoint with initial weights; the head may have other classes"),
      setting<training, &Training::label_smoothing>("training.label_smoothing", {}, below(0, 1),
                                                    Effect::result,
                                                    "fraction of each label that is spread over all classes"),
      setting<training, &Training::average_decay>(
          "training.average_decay", {}, below(0, 1), Effect::result,
          "decay per step of a moving average of the weights, also evaluated; 0: none is kept"),
  };
}

std::vector<Setting> batch_settings() {
  using BatchNorm = C::BatchNorm;
  using Augmentation = C::Augmentation;
  constexpr auto batch_norm = &C::batch_norm;
  constexpr auto augmentation = &C::augmentation;
  return {
      setting<batch_norm, &BatchNorm::epsilon>("batch_norm.epsilon", {}, more_than(0), Effect::result,
                                               "constant added to the variance"),
      setting<batch_norm, &BatchNorm::decay>("batch_norm.decay", {}, below(0, 1), Effect::result,
                                             "decay of the running averages per step or micro-batch"),
      setting<batch_norm, &BatchNorm::statistics>(
          "batch_norm.statistics", {"--batch-norm", "SCOPE"}, {}, Effect::result,
          "under mpirun, statistics of each rank's shard (local) or of all shards (synchronized)"),
      setting<batch_norm, &BatchNorm::evaluation>(
          "batch_norm.evaluation", {}, {}, Effect::result,
          "evaluate with running averages, or with statistics recalibrated before each evaluation"),
      setting<batch_norm, &BatchNorm::recalibration_batches>(
          "batch_norm.recalibration_batches", {}, between(1, 1'000'000), Effect::result,
          "training batches for recalibrating statistics, also of averaged weights"),
      setting<augmentation, &Augmentation::enabled>("augmentation.enabled", {}, {}, Effect::result,
                                                    "crop and flip training images"),
      setting<augmentation, &Augmentation::padding>(
          "augmentation.padding", {}, between(0, 31), Effect::result,
          "pixels of zero padding on each side before the random crop"),
      setting<augmentation, &Augmentation::flip>("augmentation.flip", {}, {}, Effect::result,
                                                 "mirror half of the images"),
      setting<augmentation, &Augmentation::colour>(
          "augmentation.colour", {}, {}, Effect::result,
          "distort brightness, saturation, hue and contrast of photographs"),
  };
}

std::vector<Setting> recording_settings() {
  return {
      setting<&C::evaluation, &C::Evaluation::every>("evaluation.every", {"--eval-every", "N"}, at_least(0),
                                                     Effect::rows,
                                                     "iterations between evaluations; 0: only at the end"),
      setting<&C::evaluation, &C::Evaluation::images>(
          "evaluation.images", {}, at_least(0), Effect::rows,
          "images of each evaluation but the last, spread over the set; 0: all"),
      setting<&C::log, &C::Log::every>("log.every", {"--log-every", "N"}, at_least(1), Effect::rows,
                                       "iterations between rows of /train in run.h5"),
      setting<&C::log, &C::Log::tensorboard>("log.tensorboard", {}, {}, Effect::none,
                                             "also write the curves for TensorBoard, to RUN/tensorboard"),
      setting<&C::checkpoint, &C::Checkpoints::every>("checkpoint.every", {"--checkpoint-every", "N"},
                                                      at_least(0), Effect::none,
                                                      "iterations between checkpoints; 0: only those of the "
                                                      "start, the end, evaluations and checkpoint.seconds"),
      setting<&C::checkpoint, &C::Checkpoints::seconds>("checkpoint.seconds", {"--checkpoint-seconds", "S"},
                                                        at_least(0), Effect::none,
                                                        "most seconds between checkpoints; 0: no limit"),
      setting<&C::checkpoint, &C::Checkpoints::keep>(
          "checkpoint.keep", {"--keep-checkpoints"}, {}, Effect::none,
          "keep those of --checkpoint-every, the first and the last, as RUN/checkpoints/ITERATION.h5"),
      setting<&C::checkpoint, &C::Checkpoints::keep_best>(
          "checkpoint.keep_best", {"--keep-best"}, {}, Effect::none,
          "keep the checkpoint with the least evaluation error in RUN/best.h5"),
  };
}

// Settings of one section stand together: files are written in this order.
std::vector<Setting> make_settings() {
  std::vector<Setting> table;
  const auto add = [&](const char* group, const std::vector<Setting>& members) {
    for (const Setting& member : members) table.emplace_back(member).group = group;
  };
  add("Data", experiment_settings());
  add("Network", network_settings());
  add(architecture_group, architecture_settings());
  add("Training", training_settings());
  add("Training", batch_settings());
  add("Logging and checkpoints", recording_settings());
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

const Setting& known_setting(std::string_view key, const std::string& origin) {
  if (const Setting* setting = find_setting(key); setting != nullptr) return *setting;
  throw UsageError("{}: unknown key {}{}", origin, in_quotes(key), suggestion(std::string(key)));
}

bool Setting::is_list() const {
  return std::holds_alternative<Field<std::vector<double>>>(field) ||
         std::holds_alternative<Field<std::vector<std::int64_t>>>(field);
}

bool Setting::describes_network() const {
  return group == architecture_group;
}

std::string Setting::section() const {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string Setting::leaf() const {
  return key.substr(key.find('.') + 1);
}

}  // namespace revnet
