// Experiment files: errors name the file and line.
#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "settings/config.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

// The message for a file with this content, without the folder.
std::string refusal(const std::string& yaml) {
  TemporaryDirectory folder;
  write_file(folder / "run.yaml", yaml);
  Config config;
  std::string message = message_of<UsageError>([&] { read_config_file(config, folder / "run.yaml"); });
  CHECK(config == Config{});
  CHECK(is_one_line(message));
  const std::string prefix = folder.path().string() + "/";
  if (message.starts_with(prefix)) message.erase(0, prefix.size());
  return message;
}

}  // namespace

TEST_CASE("a file changes only the settings it names") {
  TemporaryDirectory folder;
  write_file(
      folder / "run.yaml",
      "# an experiment\nname: RevNet 38\ndescription: |\n  two\n  lines\ndataset: &d\n  name: cifar100\n"
      "training:\n  batch: 50\n  decay_at: [0.25, 0.5]\nlog:\n  # every: 5\n");
  Config config;
  read_config_file(config, folder / "run.yaml");
  Config expected;
  expected.name = "RevNet 38";
  expected.description = "two\nlines\n";
  expected.dataset.name = Config::Dataset::Name::cifar100;
  expected.training.batch = 50;
  expected.training.decay_at = {0.25, 0.5};
  CHECK(config == expected);
}

TEST_CASE("an empty file is an empty map") {
  for (const std::string text : {"", "\n\n", "# nothing\n", "---\n", "{}\n"}) {
    CAPTURE(text);
    Config config;
    read_config_text(config, text, "empty.yaml");
    CHECK(config == Config{});
  }
}

TEST_CASE("a custom network is a map") {
  Config config;
  read_config_text(config,
                   "network:\n  engine: onednn\n  architecture:\n    reversible: true\n    units: [2, 3]\n"
                   "    widths: [16, 32]\n    stem: {kernel: 7, pool: true}\n",
                   "run.yaml");
  CHECK(network_name(config.network) ==
        "custom+reversible=true+units=2-3+widths=16-32+stem_kernel=7+stem_pool=true");
  CHECK(config.network.engine == Config::Network::Engine::onednn);
  Config again;
  read_config_text(again, to_yaml(config), "config.yaml");
  CHECK(again == config);

  const std::string allowed =
      " is no part of a network; allowed: reversible, bottleneck, units, widths, strides and stem: {kernel, "
      "stride, width, pool}";
  CHECK(refusal("network:\n  architecture:\n    depth: 5\n") ==
        "run.yaml:3: network.architecture: 'depth'" + allowed);
  CHECK(refusal("network:\n  architecture:\n    engine: fused\n") ==
        "run.yaml:3: network.architecture: 'engine'" + allowed);
  CHECK(refusal("network:\n  architecture: {stem: {size: 3}}\n") ==
        "run.yaml:2: network.architecture: 'size'" + allowed);
  CHECK(refusal("network:\n  architecture: {stem: 3}\n") ==
        "run.yaml:2: network.architecture: 'stem'" + allowed);
  CHECK(refusal("network:\n  architecture:\n    units: many\n") ==
        "run.yaml:3: network.units: 'many' is not a list; allowed: a list of integers, from 1 to 10000");
  CHECK(refusal("network:\n  units: [1]\n  architecture: {units: [2]}\n") ==
        "run.yaml:3: key 'network.units' appears twice (first in line 2); remove one");
  CHECK(refusal("network:\n  architecture: [revnet38]\n").find("is a list, not text") != std::string::npos);
}

TEST_CASE("unknown keys in a file are refused") {
  CHECK(refusal("name: x\n\ntrainig:\n  batch: 5\n") ==
        "run.yaml:3: unknown key 'trainig.batch' (did you mean 'training.batch'?)");
  CHECK(refusal("training:\n  iterations: 10\n  learningrate: 0.1\n") ==
        "run.yaml:3: unknown key 'training.learningrate' (did you mean 'training.learning_rate'?)");
  CHECK(refusal("batch: 5\n") == "run.yaml:1: unknown key 'batch' (did you mean 'training.batch'?)");
  CHECK(refusal("training.batch: 5\n") ==
        "run.yaml:1: key 'training.batch' must be written as 'training:' with 'batch:' indented below it");
  CHECK(refusal("[a, b]: 5\n") == "run.yaml:1: a key is not a plain word");
}

TEST_CASE("wrong types and ranges in a file are refused") {
  CHECK(refusal("training:\n  batch: many\n") ==
        "run.yaml:2: training.batch: 'many' is not an integer; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training:\n  batch: \"100\"\n") ==
        "run.yaml:2: training.batch: '100' is text in quotes, not an integer; allowed: an integer, from 1 to "
        "1000000");
  CHECK(refusal("training:\n  seed: 1\n  batch: -1\n") ==
        "run.yaml:3: training.batch: '-1' is out of range; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training:\n  batch: [1, 2]\n") ==
        "run.yaml:2: training.batch: '[1, 2]' is a list, not an integer; allowed: an integer, from 1 to "
        "1000000");
  CHECK(refusal("training:\n  batch: {a: 1}\n") ==
        "run.yaml:2: training.batch: a map is given where one value belongs; allowed: an integer, from 1 to "
        "1000000");
  CHECK(refusal("training:\n  batch:\n") ==
        "run.yaml:2: training.batch: no value is given; allowed: an integer, from 1 to 1000000");
  CHECK(refusal("training:\n  decay_at: 0.5\n") ==
        "run.yaml:2: training.decay_at: '0.5' is not a list; "
        "allowed: a list of ascending numbers, from 0 to 1 (both excluded)");
  CHECK(refusal("training:\n  decay_at: [[0.5]]\n") ==
        "run.yaml:2: training.decay_at: the list holds something that is not a plain value; "
        "allowed: a list of ascending numbers, from 0 to 1 (both excluded)");
  CHECK(refusal("training: 5\n") == "run.yaml:1: training: expected settings below it (key: value)");
  CHECK(refusal("- a\n- b\n") == "run.yaml:1: the file is not a map of settings (key: value)");
  CHECK(refusal("dataset:\n  name: cifar\n") ==
        "run.yaml:2: dataset.name: 'cifar' is unknown (did you mean 'cifar10'?); "
        "allowed: cifar10, cifar100, synthetic, imagenet, images");
}

TEST_CASE("duplicate keys are refused") {
  CHECK(refusal("training:\n  batch: 5\n  seed: 1\n  batch: 6\n") ==
        "run.yaml:4: key 'training.batch' appears twice (first in line 2); remove one");
  CHECK(refusal("log: {every: 1}\nname: x\nlog: {every: 2}\n") ==
        "run.yaml:3: key 'log' appears twice (first in line 1); remove one");
}

TEST_CASE("a file that is not a single YAML document is refused") {
  CHECK(contains(refusal("name: x\ntraining: [1, 2\n"), "run.yaml:3: not valid YAML: "));
  CHECK(contains(refusal("training:\n  batch: 5\n bad: 1\n"), "run.yaml:3: not valid YAML: "));
  CHECK(refusal("name: a\n---\nname: b\n") ==
        "run.yaml: holds 2 YAML documents (separated by ---); one is allowed");
  CHECK(refusal("name: x\nlog: {every: 2}\x04\n") == "run.yaml:2: not plain text in UTF-8; save it as such");
  CHECK(refusal("name: \xc3\n") == "run.yaml:1: not plain text in UTF-8; save it as such");
  CHECK(contains(refusal(std::string(2 << 20, ' ')), "it has more than 1048576 bytes"));
  CHECK(contains(refusal("name: *nowhere\n"), "run.yaml:1: not valid YAML: "));
  CHECK(contains(refusal(std::string(100000, '[')), "not valid YAML: "));
}

// yaml-cpp takes the comma for an empty document, and then for another one, without end.
TEST_CASE("a comma where a document should begin is refused, and reading ends") {
  CHECK(refusal(",name: x\n") == "run.yaml:1: not valid YAML: a comma stands outside of any list or map");
  CHECK(refusal("name: x\n---\n,\n") ==
        "run.yaml:3: not valid YAML: a comma stands outside of any list or map");
  CHECK(contains(refusal("name: x,\n,y: z\n"), "run.yaml:2: not valid YAML: "));
}

TEST_CASE("yaml-cpp's complaint about a character becomes one printable line") {
  CHECK(refusal("name: \"\\\r\"\n") == "run.yaml:1: not valid YAML: unknown escape character:  ");
}

TEST_CASE("nothing after an empty document is ignored") {
  CHECK(refusal("---\n---\nname: b\n") ==
        "run.yaml: holds 2 YAML documents (separated by ---); one is allowed");
}

TEST_CASE("a file that cannot be read is a usage error with the reason") {
  TemporaryDirectory folder;
  Config config;
  CHECK(message_of<UsageError>([&] { read_config_file(config, folder / "none.yaml"); }) ==
        "cannot read " + (folder / "none.yaml").string() + ": No such file or directory; check the path");
  CHECK(contains(message_of<UsageError>([&] { read_config_file(config, folder.path()); }), "Is a directory"));
}
