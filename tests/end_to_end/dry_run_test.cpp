// --dry-run prints the plan of any network on any data set. It reads no data and writes no file.
#include <cstdint>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "system/host.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

// The integers of a plan, by section.key. This parser covers just the YAML that plans use.
std::map<std::string, std::int64_t> numbers(const std::string& yaml) {
  std::map<std::string, std::int64_t> found;
  std::string section;
  std::istringstream lines(yaml);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": "), start = line.find_first_not_of(' ');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(start, colon - start);
    if (start == 0) section.clear();
    const std::string value = line.substr(colon + 2);
    if (value.starts_with(" #") || value.empty()) section = key + ".";
    if (value.find_first_not_of("0123456789") == 0) continue;
    found[(start == 0 ? "" : section) + key] = std::stoll(value);
  }
  return found;
}

}  // namespace

TEST_CASE("--dry-run prints the plan of a network on a data set that is not there, and writes nothing") {
  TemporaryDirectory folder;
  for (const bool reversible : {false, true}) {
    for (const std::string dataset : {"cifar10", "cifar100"}) {
      CAPTURE(reversible);
      CAPTURE(dataset);
      const std::string network = reversible ? "revnet38" : "resnet32";
      const Outcome outcome = succeeded(train(folder.path(), {dataset, "--arch", network, "--dry-run"}));
      CHECK(outcome.err.empty());
      auto plan = numbers(outcome.out);
      // Each of the 90 additional classes has a bias and a row of weights, one for each channel.
      const std::int64_t channels = reversible ? 112 : 64,
                         more = dataset == "cifar100" ? 90 * (channels + 1) : 0;
      CHECK(plan.at("parameters") == (reversible ? 464'890 : 464'154) + more);
      CHECK(plan.at("parameter_bytes") == 4 * plan.at("parameters"));
      CHECK(plan.at("macs_per_image") > 10'000'000);
      CHECK(plan.at("activation_bytes.stored") > 0);
      CHECK(plan.count("activation_bytes.reconstructed") == (reversible ? 1 : 0));
      if (reversible) {
        CHECK(plan.at("activation_bytes.reconstructed") < plan.at("activation_bytes.stored"));
        CHECK(plan.at("peak_bytes.reconstructed") < plan.at("peak_bytes.stored"));
      }
    }
  }
  CHECK(snapshot(folder.path()).empty());
}

TEST_CASE("the plan is YAML that a configuration file may quote") {
  TemporaryDirectory folder;
  const Outcome plan = succeeded(train(
      folder.path(),
      {"synthetic", "--dry-run", "--batch", "7", "--run-dir", "elsewhere", "--set", "network.grid_bits=5"},
      {{"REVNET_THREADS", "2"}}));
  CHECK(contains(plan.out, "run_directory: elsewhere\n"));
  CHECK(contains(plan.err, "network.grid_bits"));  // which nothing reads here
  // Its settings, which are indented under one key, are the resolved configuration.
  const std::size_t at = plan.out.find("settings:\n");
  REQUIRE(at != std::string::npos);
  std::istringstream lines(plan.out.substr(at + 10));
  std::string settings;
  for (std::string line; std::getline(lines, line);) settings += line.substr(2) + "\n";
  Config config;
  read_config_text(config, settings, "the plan");
  CHECK(config.training.batch == 7);
  CHECK(config.training.threads == 2);
  CHECK(config.network.activations == Config::Network::Activations::reconstructed);
}

TEST_CASE("a run has a thread for every core, even if OpenMP binds threads to cores") {
  TemporaryDirectory folder;
  const auto threads = [&](const std::string& bind) {
    const Outcome plan = train(folder.path(), {"synthetic", "--dry-run"},
                               {{"REVNET_THREADS", ""}, {"OMP_PROC_BIND", bind}, {"OMP_PLACES", ""}});
    const std::size_t at = plan.out.find("threads: ");
    REQUIRE_MESSAGE(at != std::string::npos, plan.text());
    return plan.out.substr(at, plan.out.find('\n', at) - at);
  };
  const std::string all = "threads: " + std::to_string(usable_cores().size());
  CHECK(threads("false") == all);
  CHECK(threads("true") == all);

  // oneDNN would wait forever for threads that OpenMP does not grant.
  const Outcome limited =
      train(folder.path(), {"synthetic", "--dry-run", "--threads", "2"}, {{"OMP_THREAD_LIMIT", "1"}});
  CHECK(limited.exit_code == 2);
  CHECK(contains(limited.err, "training.threads: 2 are more than OMP_THREAD_LIMIT allows, 1"));
}

TEST_CASE("--dry-run accepts an occupied run directory and leaves it alone") {
  TemporaryDirectory folder;
  write_file(folder / "notes.txt", "mine");
  CHECK(train(folder.path(), {"cifar10", "--dry-run", "--run-dir", "."}).exit_code == 0);
  CHECK(snapshot(folder.path()) == std::map<std::string, std::string>{{"notes.txt", "mine"}});
}
