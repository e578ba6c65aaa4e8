// Settings from text: types, limits, precedence, and conversion back to YAML.
#include "settings/config.h"

#include <cmath>
#include <limits>
#include <map>

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "settings/config_schema.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

Config configured(const std::string& yaml) {
  Config config;
  read_config_text(config, yaml, "test.yaml");
  return config;
}

std::string refusal(const std::string& assignment) {
  Config config;
  std::string message = message_of<UsageError>([&] { apply(config, assignment, "--set"); });
  CHECK(config == Config{});
  return message;
}

}  // namespace

TEST_CASE("the defaults as YAML") {
  CHECK(to_yaml(Config{}) == R"(name: ""
description: ""
dataset:
  name: cifar10
  directory: data
  validation: false
  image_size: 0
  classes: 0
  values: symmetric
  damaged: refuse
  workers: 0
network:
  architecture: revnet38
  activations: auto
  convolution: auto
  engine: auto
  coupling: float
  grid_bits: 13
  reversible: auto
  bottleneck: auto
  units: []
  widths: []
  strides: []
  stem_kernel: 0
  stem_stride: 0
  stem_width: 0
  stem_pool: auto
training:
  iterations: 80000
  epochs: 0
  batch: 100
  micro_batch: 0
  seed: 1
  threads: 0
  rank_timeout: 600
  learning_rate: 0.1
  base_batch: 0
  schedule: steps
  warmup_iterations: 0
  momentum: 0.9
  nesterov: false
  weight_decay: 2.0e-04
  decay_at: [0.5, 0.75]
  decay_factor: 0.1
  initialize_from: ""
  label_smoothing: 0
  average_decay: 0
batch_norm:
  epsilon: 0.001
  decay: 0.99
  statistics: local
  evaluation: running
  recalibration_batches: 50
augmentation:
  enabled: true
  padding: 2
  flip: true
  colour: false
evaluation:
  every: 1000
  images: 0
log:
  every: 10
  tensorboard: false
checkpoint:
  every: 1000
  seconds: 600
  keep: false
  keep_best: false
)");
}

TEST_CASE("every setting survives a round trip through YAML") {
  Config config;
  config.name = "a \"quoted\" name: # with \\ everything\n\tin it ";
  config.description = "true";
  config.dataset = {.name = Config::Dataset::Name::synthetic,
                    .directory = "/data sets/Äpfel/#1",
                    .validation = true,
                    .image_size = 96,
                    .classes = 12,
                    .values = Config::Dataset::Values::standardized,
                    .damaged = Config::Dataset::Damaged::skip,
                    .workers = 5};
  config.network = {.architecture = "resnet164",
                    .reversible = Config::Network::Switch::yes,
                    .bottleneck = Config::Network::Switch::no,
                    .units = {1, 2},
                    .widths = {3},
                    .strides = {2, 1},
                    .stem_kernel = 5,
                    .stem_stride = 4,
                    .stem_width = 7,
                    .stem_pool = Config::Network::Switch::yes,
                    .activations = Config::Network::Activations::stored,
                    .convolution = Config::Network::Convolution::direct,
                    .engine = Config::Network::Engine::onednn,
                    .coupling = Config::Network::Coupling::exact,
                    .grid_bits = 16};
  config.training.iterations = std::numeric_limits<std::int64_t>::max();
  config.training.epochs = 1.5;
  config.training.batch = 7;
  config.training.micro_batch = 1;
  config.training.seed = std::numeric_limits<std::uint64_t>::max();
  config.training.threads = 3;
  config.training.rank_timeout = 0.25;
  config.training.learning_rate = std::nextafter(0.1, 1.0);
  config.training.base_batch = 256;
  config.training.schedule = Config::Training::Schedule::cosine;
  config.training.warmup_iterations = 500;
  config.training.momentum = 1.0 / 3.0;
  config.training.nesterov = true;
  config.training.weight_decay = std::numeric_limits<double>::denorm_min();
  config.training.decay_at = {};
  config.training.decay_factor = 1;
  config.training.initialize_from = "other run.h5";
  config.training.label_smoothing = 0.1;
  config.training.average_decay = 0.999;
  config.batch_norm = {std::numeric_limits<double>::max(), 0, Config::BatchNorm::Statistics::synchronized,
                       Config::BatchNorm::Evaluation::recalibrated, 9};
  config.augmentation = {false, 4, false, true};
  config.evaluation = {0, 1000};
  config.log = {1, true};
  config.checkpoint = {0, 30, true, true};
  const Config back = configured(to_yaml(config));
  CHECK(back == config);
  CHECK(differences(back, config).empty());
  CHECK(to_yaml(back) == to_yaml(config));
  // No setting kept its default, so none was forgotten above.
  CHECK(differences(Config{}, config).size() == settings().size());
}

TEST_CASE("strings that YAML would misread are quoted") {
  for (const std::string text : {"true", "No", "null", "~",  "123", "1e5", "a: b", "# x", "- x", " x", "",
                                 "[a]",  "*a", "&a",   "!a", "%a",  "@a",  "|",    ">",   "'",   "\""}) {
    CAPTURE(text);
    Config config;
    config.name = text;
    CHECK(configured(to_yaml(config)).name == text);
  }
}

TEST_CASE("later sources win") {
  TemporaryDirectory folder;
  write_file(folder / "run.yaml", "dataset: {directory: from-file}\ntraining: {threads: 2, batch: 20}\n");
  Config config;
  read_config_file(config, folder / "run.yaml");
  CHECK(config.training.threads == 2);
  const std::map<std::string, std::string> environment{{"REVNET_DATA", "from-environment"},
                                                       {"REVNET_THREADS", "3"}};
  const auto get = [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  };
  apply_environment(config, get);
  CHECK(config.dataset.directory == "from-environment");
  CHECK(config.training.threads == 3);
  CHECK(config.training.batch == 20);  // the file's
  apply(config, "training.threads=4", "--set");
  set_value(config, "dataset.directory", "from-command-line", "--data-dir");
  CHECK(config.training.threads == 4);
  CHECK(config.dataset.directory == "from-command-line");
  CHECK(config.training.momentum == 0.9);  // the default
}

TEST_CASE("an absent or empty environment variable changes nothing and a wrong one is named") {
  Config config;
  apply_environment(config, [](const char*) -> const char* { return nullptr; });
  apply_environment(config, [](const char*) { return ""; });
  CHECK(config == Config{});
  const auto get = [](const char* name) { return std::string(name) == "REVNET_THREADS" ? "many" : "/data"; };
  CHECK(message_of<UsageError>([&] { apply_environment(config, get); }) ==
        "REVNET_THREADS: training.threads: 'many' is not an integer; allowed: an integer, from 0 to 4096");
  CHECK(config == Config{});
}

TEST_CASE("values of every type can be assigned") {
  Config config;
  apply(config, " training.decay_at = 0.25, 0.5 ", "--set");
  CHECK(config.training.decay_at == std::vector<double>{0.25, 0.5});
  apply(config, "training.decay_at=[0.3]", "--set");
  CHECK(config.training.decay_at == std::vector<double>{0.3});
  apply(config, "training.decay_at=[]", "--set");
  CHECK(config.training.decay_at.empty());
  apply(config, "augmentation.flip=false", "--set");
  CHECK(config.augmentation.flip == false);
  apply(config, "training.learning_rate=+1e-2", "--set");
  CHECK(config.training.learning_rate == 0.01);
  apply(config, "name=a=b # c", "--set");
  CHECK(config.name == "a=b # c");
  apply(config, "name=", "--set");
  CHECK(config.name.empty());
}

TEST_CASE("refused assignments say what is allowed") {
  CHECK(refusal("training.batch") == "--set: 'training.batch' is not of the form key.path=value");
  CHECK(refusal("trainig.batch=5") == "--set: unknown key 'trainig.batch' (did you mean 'training.batch'?)");
  CHECK(refusal("batch=5") == "--set: unknown key 'batch' (did you mean 'training.batch'?)");
  CHECK(refusal("every=5") ==
        "--set: unknown key 'every' (did you mean 'evaluation.every' or 'log.every' or 'checkpoint.every'?)");
  // A name that other programs use suggests ours, whatever its section.
  CHECK(refusal("training.lr=5") ==
        "--set: unknown key 'training.lr' (did you mean 'training.learning_rate'?)");
  CHECK(refusal("lr=5") == "--set: unknown key 'lr' (did you mean 'training.learning_rate'?)");
  CHECK(refusal("optimizer.ema-decay=5") ==
        "--set: unknown key 'optimizer.ema-decay' (did you mean 'training.average_decay'?)");
  CHECK(refusal("qqqqqqqqqqqq=5") == "--set: unknown key 'qqqqqqqqqqqq'");
  CHECK(refusal("=5") == "--set: unknown key ''");
  CHECK(refusal("training.iterations=0") ==
        "--set: training.iterations: '0' is out of range; allowed: an integer, 1 or more");
  CHECK(refusal("training.iterations=-5") ==
        "--set: training.iterations: '-5' is out of range; allowed: an integer, 1 or more");
  CHECK(refusal("training.iterations=9223372036854775808") ==
        "--set: training.iterations: '9223372036854775808' is out of range; allowed: an integer, 1 or more");
  CHECK(refusal("training.batch=0") ==
        "--set: training.batch: '0' is out of range; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training.batch=1e2") ==
        "--set: training.batch: '1e2' is not an integer; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training.batch=") ==
        "--set: training.batch: '' is not an integer; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training.seed=-1") ==
        "--set: training.seed: '-1' is out of range; allowed: an integer, 0 or more");
  CHECK(refusal("training.threads=+-1") ==
        "--set: training.threads: '+-1' is not an integer; allowed: an integer, from 0 to 4096");
  CHECK(refusal("training.momentum=1") ==
        "--set: training.momentum: '1' is out of range; allowed: a number, from 0 to 1 (1 excluded)");
  CHECK(refusal("training.learning_rate=0") ==
        "--set: training.learning_rate: '0' is out of range; allowed: a number, more than 0");
  for (const char* value : {"nan", "inf", "1e999"}) {
    CHECK(refusal(std::string("training.learning_rate=") + value) ==
          "--set: training.learning_rate: '" + std::string(value) +
              "' is out of range; allowed: a number, more than 0");
  }
  CHECK(refusal("training.learning_rate=0.1x") ==
        "--set: training.learning_rate: '0.1x' is not a number; allowed: a number, more than 0");
  CHECK(refusal("training.decay_factor=0") ==
        "--set: training.decay_factor: '0' is out of range; "
        "allowed: a number, from 0 to 1 (0 excluded)");
  CHECK(refusal("training.decay_at=0.5,0.5") ==
        "--set: training.decay_at: '0.5' does not ascend; "
        "allowed: a list of ascending numbers, from 0 to 1 (both excluded)");
  CHECK(refusal("training.decay_at=0.5,") ==
        "--set: training.decay_at: '' is not a number; "
        "allowed: a list of ascending numbers, from 0 to 1 (both excluded)");
  CHECK(refusal("augmentation.flip=yes") ==
        "--set: augmentation.flip: 'yes' is neither true nor false; allowed: true or false");
  CHECK(refusal("dataset.directory=\xff") ==
        "--set: dataset.directory: '?' holds bytes that are not printable UTF-8; allowed: text");
}

TEST_CASE("text is any printable UTF-8 and nothing else") {
  for (const std::string text :
       {"\xc3\x84pfel", "\xe2\x82\xac", "\xf0\x9f\x8d\x8e", "\xc2\xa0", "\xf4\x8f\xbf\xbd"}) {
    CAPTURE(text);
    Config config;
    set_value(config, "name", text, "--name");
    CHECK(configured(to_yaml(config)).name == text);
  }
  // A lone continuation byte, cut short, overlong, surrogate, beyond Unicode, noncharacter, control
  // characters.
  for (const std::string text :
       {"\x95\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xef\xbf\xbe", "\x01", "\x7f", "\xc2\x85", "\r"}) {
    CAPTURE(text);
    Config config;
    CHECK(contains(message_of<UsageError>([&] { set_value(config, "name", text, "--name"); }),
                   "not printable"));
  }
}

TEST_CASE("unknown names are refused with the nearest known one") {
  CHECK(refusal("dataset.name=cifar1") ==
        "--set: dataset.name: 'cifar1' is unknown (did you mean 'cifar10'?); "
        "allowed: cifar10, cifar100, synthetic, imagenet, images");
  CHECK(refusal("dataset.name=mnist-of-fashion") ==
        "--set: dataset.name: 'mnist-of-fashion' is unknown; allowed: cifar10, cifar100, synthetic, "
        "imagenet, images");
  CHECK(refusal("network.architecture=revnet-38") ==
        "--set: network.architecture: 'revnet-38' is unknown (did you mean 'revnet38'?); allowed: resnet32, "
        "revnet38, resnet110, revnet110, resnet164, revnet164, resnet50, resnet101, resnet152, revnet56, "
        "revnet104, custom");
  Config config;
  for (const std::string name :
       {"resnet32", "revnet38", "resnet110", "revnet110", "resnet164", "revnet164"}) {
    apply(config, "network.architecture=" + name, "--set");
    CHECK(config.network.architecture == name);
  }
}

TEST_CASE("a network is named after its architecture and its changes") {
  Config config;
  CHECK(network_name(config.network) == "revnet38");
  config.network.activations = Config::Network::Activations::stored;  // not a part of the network
  CHECK(network_name(config.network) == "revnet38");
  apply(config, "network.units=[5,5,5]", "--set");
  apply(config, "network.stem_pool=true", "--set");
  CHECK(network_name(config.network) == "revnet38+units=5-5-5+stem_pool=true");
  CHECK(configured(to_yaml(config)) == config);
  CHECK(refusal("network.units=5,0") ==
        "--set: network.units: '0' is out of range; allowed: a list of integers, from 1 to 10000");
  CHECK(refusal("network.units=5,2.5") ==
        "--set: network.units: '2.5' is not an integer; allowed: a list of integers, from 1 to 10000");
  CHECK(refusal("network.reversible=yes") ==
        "--set: network.reversible: 'yes' is unknown; allowed: auto, true, false");
}

TEST_CASE("differences list key and both values in the order of the table") {
  Config left, right;
  right.training.learning_rate = std::nextafter(0.1, 1.0);
  right.dataset.name = Config::Dataset::Name::cifar100;
  right.training.decay_at = {0.5};
  const auto list = differences(left, right);
  REQUIRE(list.size() == 3);
  CHECK(list[0].key == "dataset.name");
  CHECK(list[0].left == "cifar10");
  CHECK(list[0].right == "cifar100");
  CHECK(list[1].key == "training.learning_rate");
  CHECK(list[1].left == "0.1");
  CHECK(list[1].right == "0.10000000000000002");
  CHECK(list[2].right == "[0.5]");
  CHECK(differences(left, left).empty());
}

TEST_CASE("every listed setting has help, what is allowed, and a default that is allowed") {
  for (const Setting& setting : settings()) {
    CAPTURE(setting.key);
    CHECK(is_one_line(setting.help));
    CHECK_FALSE(setting.help.ends_with('.'));
    CHECK_FALSE(setting.allowed().empty());
    Config config;
    // Among the text values, only empty ones are quoted.
    const std::string value = setting.yaml(Config{}) == "\"\"" ? "" : setting.yaml(Config{});
    apply(config, setting.key + "=" + value, "--set");
    CHECK(config == Config{});
  }
}

TEST_CASE("every choice is written as the word from which it is read") {
  int choices = 0;
  for (const Setting& setting : settings()) {
    for (const std::string& word : setting.choices) {
      CAPTURE(setting.key);
      Config config;
      apply(config, setting.key + "=" + word, "--set");
      CHECK(setting.yaml(config) == word);
      ++choices;
    }
  }
  CHECK(choices == 5 + 2 + 2 + 12 + 5 + 2 + 3 + 2 + 2 + 3 * 3 + 2 + 2);
  CHECK(name(Config::Network::Activations::recursive) == "recursive");
  CHECK(name(Config::Network::Engine::automatic) == "auto");
}
