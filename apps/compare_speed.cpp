// revnet-compare speed
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "command_line.h"
#include "compare_commands.h"
#include "measured_cases.h"
#include "option_values.h"
#include "ranks/communicator.h"
#include "setting_options.h"
#include "settings/config.h"
#include "study/machine.h"
#include "study/speed_report.h"
#include "study/study_log.h"
#include "system/interrupt.h"
#include "train/setup.h"

namespace revnet {
namespace {

struct SpeedRequest {
  explicit SpeedRequest(CLI::App& app) : settings(app, {"network.convolution"}) {
    settings.take_any_setting(app);
  }

  SettingOptions settings;
  std::vector<std::string> architectures, activations, engines, batches, threads;  // empty: the defaults
  SpeedOptions options;
  std::string format = "text", output = "runs/speed.h5";
  bool force = false;
};

// Returns the networks for images of CIFAR's size, which is the synthetic set's, too.
std::vector<std::string> cifar_networks() {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures()) {
    if (architecture.image_size == Architecture{}.image_size) names.push_back(architecture.name);
  }
  return names;
}

constexpr std::array modes{Config::Network::Activations::stored, Config::Network::Activations::reconstructed};

// Returns every requested combination that is possible, resolved; a ResNet's activations are always stored.
std::vector<Config> cases_of(const SpeedRequest& request, const Config& settings) {
  const auto given = settings.network.activations;
  const bool open = request.activations.empty() && given == Config::Network::Activations::automatic;
  const auto is_wanted = [&](Config::Network::Activations mode) {
    return open || (request.activations.empty() ? mode == given
                                                : std::ranges::count(request.activations, name(mode)) > 0);
  };
  std::vector<Config> all = with_networks(request.settings, request.architectures, cifar_networks());
  all = with_each(all, "training.threads", request.threads, "--threads");
  all = with_each(all, "training.batch", request.batches, "--batch");
  all = with_each(all, "network.engine", request.engines, "--engine");
  std::vector<Config> cases;
  for (Config& config : all) {
    for (const auto mode : modes) {
      if (!is_wanted(mode) || !can_keep(architecture(config), activation_mode(mode))) continue;
      config.network.activations = mode;
      cases.push_back(resolve(for_measuring(config)));
    }
  }
  if (cases.empty())
    throw UsageError(
        "nothing to measure: a ResNet's activations are always stored, and of a RevNet's only stored and "
        "reconstructed ones are timed");
  return cases;
}

int run_speed(const SpeedRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  const Config settings = request.settings.apply_to({});
  require_defaults(settings, {"training.micro_batch", "training.average_decay"}, "revnet-compare speed");
  const std::vector<Config> cases = cases_of(request, settings);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  SpeedStudy study{request.options, {}};
  const OtherLoad others;
  std::vector<double> sgemm_of_all;
  const MeasuredCases done = measure_each(cases, whole_case, [&](const Config& config) {
    SpeedResult result = measure_speed(config, study.options, interrupted);
    if (result.step_seconds.empty()) return false;  // a signal ended it
    if (config.training.threads == cases[0].training.threads) sgemm_of_all.push_back(result.sgemm_gflops);
    study.results.push_back(std::move(result));
    return true;
  });
  const bool for_programs = format == TableFormat::csv;
  std::cout << (for_programs ? speed_data(study) : speed_table(study)).format(format);
  for (const SpeedResult& result : study.results) {
    if (!request.options.profile) break;
    const Config::Network& network = result.of.network;
    std::cout << '\n';
    if (!for_programs)
      std::cout << fmt::format("{}, {}, a step:\n", network_name(network), name(network.activations));
    std::cout << profile_table(result, for_programs).format(format);
  }
  std::cout.flush();
  for (const std::string& doubt : doubts(others.cores(), sgemm_of_all)) {
    std::cerr << "warning: " << doubt << '\n';
  }
  if (!study.results.empty()) {  // otherwise a file that --force was to replace stays
    write_speed_log(request.output, study, command);
    std::cerr << fmt::format("written to {}; {}\n", request.output, how_to_draw("speed", request.output));
  }
  return exit_code(done);
}

}  // namespace

void add_speed_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* speed =
      app.add_subcommand("speed", "measures milliseconds per step, oneDNN's floor and the processor's limit");
  auto request = std::make_shared<SpeedRequest>(*speed);
  add_repeated_option(*speed, "network.architecture", request->architectures)
      ->default_str("the CIFAR networks");
  add_repeated_option(*speed, "network.activations", request->activations, {name(modes[0]), name(modes[1])})
      ->default_str("both");
  add_repeated_option(*speed, "network.engine", request->engines);
  add_repeated_option(*speed, "training.batch", request->batches);
  add_repeated_option(*speed, "training.threads", request->threads);
  speed->add_option("--steps", request->options.steps, "timed steps per case")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  speed->add_flag("--profile", request->options.profile,
                  "also print the time and the limit of each kind of operation");
  add_format_option(*speed, request->format);
  speed->add_option("--output", request->output, "HDF5 file for all results")
      ->type_name("FILE.h5")
      ->capture_default_str();
  speed->add_flag("--force", request->force, "replace an existing --output");
  speed->callback([request, invocation] {
    *invocation.exit_code = guarded("revnet-compare speed", [&] {
      require_one_process("revnet-compare speed");
      return run_speed(*request, invocation.command);
    });
  });
}

}  // namespace revnet
