#include "run/plan_report.h"

#include <string>

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("a plan for ranks is for the largest share of a batch") {
  Config config = small_config();
  config.training.batch = 5;
  CHECK(contains(plan_yaml(config, "", 2), "batch of 3 on each of 2 ranks"));
}

TEST_CASE("the plan as YAML has the documented keys") {
  Config config = small_config();
  const std::string yaml = plan_yaml(config, "runs/one");
  for (const char* line : {"architecture: revnet38\n", "dataset: synthetic\n", "run_directory: runs/one\n",
                           "parameters: 464890\n", "parameter_bytes: 1859560\n",
                           "macs_per_image: ", "activations: reconstructed\n", "activation_bytes:",
                           "\n  stored: ", "\n  reconstructed: ", "peak_bytes:", "arena_bytes:",
                           "onednn_version: ", "onednn_winograd: ", "settings:\n", "\n    batch: 8\n"}) {
    CAPTURE(line);
    CHECK(contains(yaml, line));
  }
  const MemoryPlan stored = plan_memory(
      find_architecture("revnet38"),
      [&] {
        NetworkOptions options = network_options(config);
        options.activations = ActivationMode::stored;
        return options;
      }(),
      config.training.threads);
  CHECK(contains(yaml, "  stored: " + std::to_string(stored.peak(MemoryPurpose::saved_activations)) + "\n"));
  CHECK(contains(yaml, "  stored: " + std::to_string(stored.peak_bytes) + "\n"));

  config.network.architecture = "resnet32";
  config.network.activations = Config::Network::Activations::stored;
  CHECK_FALSE(contains(plan_yaml(config, ""), "reconstructed"));
  CHECK(contains(describe_activation_bytes(config), "saved (stored)"));
  CHECK_FALSE(contains(describe_activation_bytes(config), " if "));
  CHECK(contains(describe_activation_bytes(small_config()), "saved (reconstructed); "));
  CHECK(contains(describe_activation_bytes(small_config()), " if stored"));
}

}  // namespace
}  // namespace revnet
