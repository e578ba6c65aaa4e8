#include "record/config_schema.h"

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
Setting setting(const char* key, SettingOption option, Range range, Effect effect, std::string help,
                std::vector<std::string> choices = {}) {
  using T = std::remove_cvref_t<decltype(at<Path...>(std::declval<Config&>()))>;
  if (!option.environment.empty()) help += "; also $" + option.environment;
  Setting result{key, {}, std::move(option), range, effect, std::move(help), std::move(choices), ""};
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

using C = Config;

std::vector<Setting> experiment_settings() {
  using Dataset = C::Dataset;
  constexpr auto dataset = &C::dataset;
  return {
      setting<&C::name>("name", {}, {}, Effect::none, "name of the experiment"),
      setting<&C::description>("description", {}, {}, Effect::none, "what the experiment is for"),
      setting<dataset, &Dataset::name>("dataset.name", {"dataset"}, {}, Effect::result, "data set"),
      setting<dataset, &Dataset::directory>("dataset.directory", {"--data-dir", "DIR", "REVNET_DATA"}, {},
                                            Effect::none, "CIFAR's folders, class folders, a packed file"),
      setting<dataset, &Dataset::validation>(
          "dataset.validation", {"--validation"}, {}, Effect::result,
          "evaluate on 5,000 held-out training images, not on the test set"),
      setting<dataset, &Dataset::image_size>("dataset.image_size", {"--image-size", "N"}, between(0, 4096),
                                             Effect::result,
                                             "pixels a side of a photograph; 0: 224 (CIFAR: 32)"),
      setting<dataset, &Dataset::classes>("dataset.classes", {}, between(0, 1'000'000), Effect::result,
                                          "of images; 0: as many as there are class folders"),
      setting<dataset, &Dataset::values>("dataset.values", {}, {}, Effect::result,
                                         "of photographs: symmetric, from -1 to 1; standardized: less "
                                         "ImageNet's mean colour, over its deviation"),
      setting<dataset, &Dataset::damaged>(
          "dataset.damaged", {}, {}, Effect::none,  // none was left out so far, or the run would have ended
          "photographs that are damaged or no JPEG images: refuse them, which "
          "ends the run, or skip them, which is counted"),
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
      setting<network, &Network::convolution>(
          "network.convolution", {"--convolution", "POLICY"}, {}, Effect::result,
          "auto: Winograd where a rule says it wins; direct: never Winograd"),
      setting<network, &Network::engine>("network.engine", {"--engine", "ENGINE"}, {}, Effect::result,
                                         "fused: our own kernels; onednn: oneDNN's; auto: fused if possible"),
      setting<network, &Network::coupling>("network.coupling", {"--coupling", "COUPLING"}, {}, Effect::result,
                                           "float, as in the paper, or exact: reconstruction loses no bit"),
      setting<network, &Network::grid_bits>("network.grid_bits", {}, between(1, 20), Effect::result,
                                            "with exact coupling, the grid's step is 2^-bits, and sums are "
                                            "exact up to 2^(24-bits)"),
  };
}

// What an architecture is made of. "auto", 0 and an empty list leave it as the named one has it; a custom one
// needs units and widths.
std::vector<Setting> architecture_settings() {
  using Network = C::Network;
  constexpr auto network = &C::network;
  return {
      setting<network, &Network::reversible>("network.reversible", {}, {}, Effect::result,
                                             "units in two halves, which give back their input: a RevNet"),
      setting<network, &Network::bottleneck>("network.bottleneck", {}, {}, Effect::result,
                                             "units of convolutions 1x1, 3x3, 1x1 at a quarter of the width "
                                             "instead of two of 3x3"),
      setting<network, &Network::units>("network.units", {}, between(1, 10000), Effect::result,
                                        "units of each stage"),
      setting<network, &Network::widths>(
          "network.widths", {}, between(1, 65536), Effect::result,
          "width of each stage, in channels; a bottleneck stage puts out 4 times as many"),
      setting<network, &Network::strides>("network.strides", {}, between(1, 16), Effect::result,
                                          "stride of each stage's first unit; custom: 1, then 2"),
      setting<network, &Network::stem_kernel>("network.stem_kernel", {}, between(0, 31), Effect::result,
                                              "pixels a side of the stem's convolution; custom: 3"),
      setting<network, &Network::stem_stride>("network.stem_stride", {}, between(0, 16), Effect::result,
                                              "stride of the stem's convolution; custom: 1"),
      setting<network, &Network::stem_width>("network.stem_width", {}, between(0, 65536), Effect::result,
                                             "channels of the stem; custom: the first of widths"),
      setting<network, &Network::stem_pool>(
          "network.stem_pool", {}, {}, Effect::result,
          "end the stem with max pooling, 3x3 in steps of 2; custom: false"),
  };
}

std::vector<Setting> training_settings() {
  using Training = C::Training;
  using BatchNorm = C::BatchNorm;
  using Augmentation = C::Augmentation;
  constexpr auto training = &C::training;
  constexpr auto batch_norm = &C::batch_norm;
  constexpr auto augmentation = &C::augmentation;
  return {
      setting<training, &Training::iterations>(
          "training.iterations", {"--iterations", "N"}, at_least(1), Effect::result,
          "training steps; the learning rate falls at 1/2 and 3/4 of them"),
      setting<training, &Training::epochs>(
          "training.epochs", {"--epochs", "E"}, at_least(0), Effect::result,
          "passes over the training images, in place of iterations; 0: none"),
      setting<training, &Training::batch>("training.batch", {"--batch", "N"}, between(1, 1'000'000),
                                          Effect::result,
                                          "images a step, under mpirun of all ranks together"),
      setting<training, &Training::micro_batch>(
          "training.micro_batch", {"--micro-batch", "N"}, between(0, 1'000'000), Effect::result,
          "images of a batch computed at a time, to save memory; each part is normalised by itself; 0: all"),
      setting<training, &Training::seed>("training.seed", {"--seed", "N"}, at_least(0), Effect::result,
                                         "of initial weights, shuffling, augmentation and the synthetic set"),
      setting<training, &Training::threads>("training.threads", {"--threads", "N", "REVNET_THREADS"},
                                            between(0, 4096), Effect::speed,
                                            "0: all cores of this process or rank"),
      setting<training, &Training::rank_timeout>(
          "training.rank_timeout", {}, at_least(0), Effect::none,
          "under mpirun, seconds to wait for a rank that does not answer before the run ends; 0: for ever"),
      setting<training, &Training::learning_rate>("training.learning_rate", {"--lr", "RATE"}, more_than(0),
                                                  Effect::result, "learning rate before the first decay"),
      setting<training, &Training::base_batch>(
          "training.base_batch", {}, at_least(0), Effect::result,
          "batch that the learning rate is meant for: with others it is multiplied by batch / base_batch; "
          "0: it is taken as it is"),
      setting<training, &Training::schedule>(
          "training.schedule", {}, {}, Effect::result,
          "how the learning rate falls: in steps, at training.decay_at, or "
          "as half a cosine, to 0 at the end"),
      setting<training, &Training::warmup_iterations>(
          "training.warmup_iterations", {}, at_least(0), Effect::result,
          "iterations in which the learning rate rises in equal steps, before anything else; 0: none"),
      setting<training, &Training::momentum>("training.momentum", {}, below(0, 1), Effect::result,
                                             "momentum of SGD"),
      setting<training, &Training::nesterov>("training.nesterov", {}, {}, Effect::result,
                                             "step along Nesterov's momentum, as PyTorch's SGD has it"),
      setting<training, &Training::weight_decay>("training.weight_decay", {"--weight-decay", "DECAY"},
                                                 at_least(0), Effect::result,
                                                 "weight decay, on convolution and dense weights only"),
      setting<training, &Training::decay_at>(
          "training.decay_at", {}, inside(0, 1), Effect::result,
          "when the learning rate decays, in fractions of training.iterations"),
      setting<training, &Training::decay_factor>("training.decay_factor", {}, {0, 1, true, false},
                                                 Effect::result,
                                                 "what each decay multiplies the learning rate by"),
      setting<training, &Training::initialize_from>(
          "training.initialize_from", {"--initialize-from", "FILE"}, {}, Effect::result,
          "start with a checkpoint's weights; of other classes, a fresh head"),
      setting<training, &Training::label_smoothing>("training.label_smoothing", {}, below(0, 1),
                                                    Effect::result,
                                                    "share of each label that is spread over all classes"),
      setting<training, &Training::average_decay>(
          "training.average_decay", {}, below(0, 1), Effect::result,
          "fraction that an exponential average of the weights keeps at each step, which is evaluated beside "
          "them; 0: none is kept"),
      setting<batch_norm, &BatchNorm::epsilon>("batch_norm.epsilon", {}, more_than(0), Effect::result,
                                               "added to the variance"),
      setting<batch_norm, &BatchNorm::decay>(
          "batch_norm.decay", {}, below(0, 1), Effect::result,
          "fraction of the old value that the running averages keep at each step or micro-batch"),
      setting<batch_norm, &BatchNorm::statistics>(
          "batch_norm.statistics", {"--batch-norm", "SCOPE"}, {}, Effect::result,
          "statistics of a rank's shard (local) or the batch (synchronized)"),
      setting<batch_norm, &BatchNorm::evaluation>(
          "batch_norm.evaluation", {}, {}, Effect::result,
          "evaluate with running averages, or with statistics measured anew before each evaluation"),
      setting<batch_norm, &BatchNorm::recalibration_batches>(
          "batch_norm.recalibration_batches", {}, between(1, 1'000'000), Effect::result,
          "training batches that recalibrated statistics, and those of averaged weights, are measured on"),
      setting<augmentation, &Augmentation::enabled>("augmentation.enabled", {}, {}, Effect::result,
                                                    "crop and flip training images"),
      setting<augmentation, &Augmentation::padding>("augmentation.padding", {}, between(0, 32),
                                                    Effect::result,
                                                    "zero padding before the random crop, in pixels a side"),
      setting<augmentation, &Augmentation::flip>("augmentation.flip", {}, {}, Effect::result,
                                                 "flip half of the images left to right"),
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
          "images of each evaluation but the last one, spread over the set; 0: all"),
      setting<&C::log, &C::Log::every>("log.every", {"--log-every", "N"}, at_least(1), Effect::rows,
                                       "iterations between rows of /train in run.h5"),
      setting<&C::log, &C::Log::tensorboard>("log.tensorboard", {}, {}, Effect::none,
                                             "write the curves for TensorBoard, too, in RUN/tensorboard"),
      setting<&C::checkpoint, &C::Checkpoints::every>("checkpoint.every", {"--checkpoint-every", "N"},
                                                      at_least(0), Effect::none,
                                                      "iterations between checkpoints; 0: only at the end"),
      setting<&C::checkpoint, &C::Checkpoints::seconds>("checkpoint.seconds", {"--checkpoint-seconds", "S"},
                                                        at_least(0), Effect::none,
                                                        "and at most so many seconds; 0: no limit"),
      setting<&C::checkpoint, &C::Checkpoints::keep>("checkpoint.keep", {"--keep-checkpoints"}, {},
                                                     Effect::none,
                                                     "keep all of them, as RUN/checkpoints/ITERATION.h5"),
      setting<&C::checkpoint, &C::Checkpoints::keep_best>(
          "checkpoint.keep_best", {"--keep-best"}, {}, Effect::none,
          "keep that of the least evaluation error, as RUN/best.h5"),
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
