// The settings of a run: typed in memory, checked against one table (settings/config_schema.h) on the way in.
//
// A Config starts with the defaults, which are the paper's recipe. Sources are laid over it in the order of
// the calls, the later ones winning:
//
//     Config config;
//     read_config_file(config, "experiments/cifar10.yaml");
//     apply_environment(config, [](const char* name) { return std::getenv(name); });
//     apply(config, "training.batch=50", "--set");
//
// Every error of a source is a UsageError that names file and line (or the option), key, value and what is
// allowed; a source that fails changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

struct Config {
  // Beside each choice stand its words, in the order of the enum: as files, options and messages name it.
  struct Dataset {
    enum class Name { cifar10, cifar100, synthetic, imagenet, images };
    friend constexpr auto words(Name) {
      return std::array{"cifar10", "cifar100", "synthetic", "imagenet", "images"};
    }
    enum class Values { symmetric, standardized };
    friend constexpr auto words(Values) { return std::array{"symmetric", "standardized"}; }
    enum class Damaged { refuse, skip };
    friend constexpr auto words(Damaged) { return std::array{"refuse", "skip"}; }

    Name name = Name::cifar10;
    // Holds cifar-10-batches-bin and cifar-100-binary, or train and val; or a packed file.
    std::string directory = "data";
    bool validation = false;
    int image_size = 0;  // pixels a side; 0: the data set's own
    int classes = 0;     // of photographs; 0: as many as there are class folders
    Values values = Values::symmetric;
    Damaged damaged = Damaged::refuse;
    int workers = 0;  // threads that decode; 0: chosen by the number of cores
    bool operator==(const Dataset&) const = default;
  };
  struct Network {
    enum class Activations { automatic, stored, reconstructed, checkpointed, recursive };
    friend constexpr auto words(Activations) {
      return std::array{"auto", "stored", "reconstructed", "checkpointed", "recursive"};
    }
    enum class Convolution { automatic, direct };
    friend constexpr auto words(Convolution) { return std::array{"auto", "direct"}; }
    enum class Engine { automatic, fused, onednn };
    friend constexpr auto words(Engine) { return std::array{"auto", "fused", "onednn"}; }

    enum class Coupling { floating, exact };
    friend constexpr auto words(Coupling) { return std::array{"float", "exact"}; }
    enum class Switch { automatic, yes, no };  // automatic: as the architecture has it
    friend constexpr auto words(Switch) { return std::array{"auto", "true", "false"}; }

    static constexpr const char* custom = "custom";  // no named architecture: all of it is given below

    std::string architecture = "revnet38";
    // Changes to the architecture; 0 and an empty list leave it as it is. Lists have one number per stage.
    Switch reversible = Switch::automatic;
    Switch bottleneck = Switch::automatic;
    std::vector<std::int64_t> units, widths, strides;
    std::int64_t stem_kernel = 0, stem_stride = 0, stem_width = 0;
    Switch stem_pool = Switch::automatic;
    Activations activations = Activations::automatic;  // automatic: the architecture's own way
    Convolution convolution = Convolution::automatic;
    Engine engine = Engine::automatic;
    Coupling coupling = Coupling::floating;
    int grid_bits = 13;  // of exact coupling: what is added between units is a multiple of 2^-bits
    bool operator==(const Network&) const = default;
  };
  struct Training {
    enum class Schedule { steps, cosine };
    friend constexpr auto words(Schedule) { return std::array{"steps", "cosine"}; }

    std::int64_t iterations = 80000;
    double epochs = 0;  // passes over the training images, in place of iterations; 0: those count
    std::int64_t batch = 100;
    std::int64_t micro_batch = 0;  // images of it computed at a time; 0: all of them
    std::uint64_t seed = 1;
    int threads = 0;  // 0: all cores given to the process
    double learning_rate = 0.1;
    std::int64_t base_batch = 0;  // that learning_rate is meant for; 0: any
    Schedule schedule = Schedule::steps;
    std::int64_t warmup_iterations = 0;
    double momentum = 0.9;
    bool nesterov = false;
    double weight_decay = 2e-4;
    double rank_timeout = 600;                   // seconds; 0: forever
    std::vector<double> decay_at = {0.5, 0.75};  // fractions of iterations, ascending
    double decay_factor = 0.1;
    std::string initialize_from;  // a checkpoint; empty: parameters are drawn
    double label_smoothing = 0;
    double average_decay = 0;  // of the average of the weights; 0: none is kept
    bool operator==(const Training&) const = default;
  };
  struct BatchNorm {
    enum class Statistics { local, synchronized };  // of each rank's shard of a batch, of all of it
    friend constexpr auto words(Statistics) { return std::array{"local", "synchronized"}; }
    enum class Evaluation { running, recalibrated };
    friend constexpr auto words(Evaluation) { return std::array{"running", "recalibrated"}; }

    double epsilon = 1e-3;
    double decay = 0.99;  // of the running averages
    Statistics statistics = Statistics::local;
    Evaluation evaluation = Evaluation::running;
    std::int64_t recalibration_batches = 50;
    bool operator==(const BatchNorm&) const = default;
  };
  struct Augmentation {
    bool enabled = true;
    int padding = 2;  // pixels a side
    bool flip = true;
    bool colour = false;  // distort the colours of photographs
    bool operator==(const Augmentation&) const = default;
  };
  struct Evaluation {
    std::int64_t every = 1000;  // iterations; 0: only at the end
    std::int64_t images = 0;    // of those before the last one; 0: all
    bool operator==(const Evaluation&) const = default;
  };
  struct Log {
    std::int64_t every = 10;  // iterations between rows of /train
    bool tensorboard = false;
    bool operator==(const Log&) const = default;
  };
  struct Checkpoints {
    std::int64_t every = 1000;  // iterations; 0: only those of the start, evaluations, `seconds` and the end
    double seconds = 600;       // and at least so often; 0: by iterations alone
    bool keep = false;          // those of `every`, the first and the last, not just the last
    bool keep_best = false;     // the one of the least evaluation error
    bool operator==(const Checkpoints&) const = default;
  };

  std::string name;         // of the experiment, may be empty
  std::string description;  // of the experiment, may be empty
  Dataset dataset;
  Network network;
  Training training;
  BatchNorm batch_norm;
  Augmentation augmentation;
  Evaluation evaluation;
  Log log;
  Checkpoints checkpoint;

  bool operator==(const Config&) const = default;
};

// The word for a choice of Config.
template <typename Choice>
requires requires(Choice choice) {
  words(choice);
}
std::string name(Choice choice) {
  return words(choice).at(static_cast<std::size_t>(choice));
}

// The text of a file of settings. Throws UsageError if it cannot be read.
std::string read_experiment_file(const std::filesystem::path& file);

// Lays the YAML file (nested maps; an empty file is an empty map) over config.
void read_config_file(Config& config, const std::filesystem::path& file);

// The same for YAML text from elsewhere, such as /config in a checkpoint; origin stands for the file in
// messages.
void read_config_text(Config& config, std::string_view yaml, const std::string& origin);

// The key of "key.path=value", without blanks around it.
std::string_view assigned_key(std::string_view assignment);

// One setting from "key.path=value"; origin ("--set") opens the message. A list is 0.5,0.75 or [0.5, 0.75].
void apply(Config& config, std::string_view assignment, const std::string& origin);

// One setting by key and value; origin is the option that gave it, such as "--batch".
void set_value(Config& config, std::string_view key, std::string_view value, const std::string& origin);

// The variables that the table names. get returns null for a variable that is not set; an empty one counts as
// not set.
void apply_environment(Config& config, const std::function<const char*(const char*)>& get);

// Returns whether the data set consists of JPEG images, which are decoded as they are needed.
bool has_photographs(const Config& config);

// What runs call their network: its architecture and what differs from it, "revnet110+units=5-5-5". Fit for a
// file's name.
std::string network_name(const Config::Network& network);

// runs/DATASET-ARCH-seedN, the default of revnet-train.
std::filesystem::path default_run_directory(const Config& config);

// All settings as YAML, in the order of the table; reading it back gives an equal Config, doubles included.
std::string to_yaml(const Config& config);

// The value of one setting, as YAML. Throws UsageError if there is no such key.
std::string value_of(const Config& config, std::string_view key);

struct SettingDifference {
  std::string key, left, right;  // values as YAML
};
// The settings in which two configurations differ, in the order of the table.
std::vector<SettingDifference> differences(const Config& left, const Config& right);

}  // namespace revnet
