// Runs for reports, as read_run() would return them.
#pragma once

#include <cstdint>
#include <string_view>

#include "report/run_record.h"
#include "settings/config.h"

namespace revnet::testing {

// A complete, resolved run with one row of training and one of evaluation.
inline RunRecord record(const char* network, const char* dataset, std::uint64_t seed, std::int64_t iterations,
                        double error) {
  RunRecord run;
  run.directory = "runs/x";
  run.config.network.architecture = network;
  set_value(run.config, "dataset.name", dataset, "test");
  using Activations = Config::Network::Activations;
  run.config.network.activations =
      std::string_view(network).starts_with("revnet") ? Activations::reconstructed : Activations::stored;
  run.config.network.engine = Config::Network::Engine::fused;
  run.config.training.seed = seed;
  run.config.training.iterations = iterations;
  run.status = RunStatus::complete;
  run.train.push_back({iterations, 0.1, 2.0, 0.001, 60.0});
  run.eval.push_back({iterations, 0.3, error});
  return run;
}

}  // namespace revnet::testing
