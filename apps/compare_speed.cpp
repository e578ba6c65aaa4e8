// revnet-compare speed
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "command_line.h"
#include "compare_commands.h"
#include "option_values.h"
#include "ranks/communicator.h"
#include "settings/config.h"
#include "study/machine.h"
#include "study/speed_report.h"
#include "study/study_log.h"
#include "system/interrupt.h"
#include "train/setup.h"
#include "training_options.h"

namespace revnet {
namespace {

struct SpeedRequest {
  explicit SpeedRequest(CLI::App& app) : settings(app, {"network.convolution"}) {
    settings.take_any_setting(app);
  }

  TrainingOptions settings;
  std::vector<std::string> architectures, activations, engines, batches, threads;  // empty: the defaults
  SpeedOptions options;
  std::string format = "text", output = "runs/speed.h5";
  bool force = false;
};

// Returns Table 2's CIFAR networks, which take images of the synthetic set's size.
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
  std::vector<Config> cases;
  const auto given_or = [&](const std::vector<std::string>& given, const char* key) {
    return given.empty() ? std::vector{value_of(settings, key)} : given;
  };
  const std::vector<std::string> activations = given_or(request.activations, "network.activations");
  // set_value() and resolve() check values and replace 0 threads as for a training.
  const auto add = [&](Config config, const std::string& threads, const std::string& batch,
                       const std::string& engine) {
    set_value(config, "training.batch", batch, "--batch");
    set_value(config, "training.threads", threads, "--threads");
    set_value(config, "network.engine", engine, "--engine");
    for (const auto mode : modes) {
      const bool wanted = activations.front() == "auto" || std::ranges::count(activations, name(mode)) > 0;
      if (!wanted || !can_keep(architecture(config), activation_mode(mode))) continue;
      config.network.activations = mode;
      cases.push_back(resolve(for_measuring(config)));
    }
  };
  const std::vector<Config> networks =
      with_networks(request.settings, request.architectures, cifar_networks());
  for (const std::string& threads : given_or(request.threads, "training.threads")) {
    for (const std::string& batch : given_or(request.batches, "training.batch")) {
      for (const Config& config : networks) {
        for (const std::string& engine : given_or(request.engines, "network.engine")) {
          add(config, threads, batch, engine);
        }
      }
    }
  }
  if (cases.empty())
    throw UsageError(
        "nothing to measure: a ResNet's activations are always stored, and of a RevNet's only stored and "
        "reconstructed ones are timed");
  return cases;
}

void show_progress(const Config& now, std::size_t done, std::size_t all) {
  const int threads = now.training.threads;
  std::cerr << fmt::format("{}/{}  {}, {}, batch {}, {} thread{}\n", done + 1, all, network_name(now.network),
                           name(now.network.activations), now.training.batch, threads,
                           threads == 1 ? "" : "s");
}

// Measures a case into the study. Returns false if a signal ended it.
bool measure(const Config& config, SpeedStudy& study) {
  SpeedResult result = measure_speed(config, study.options, interrupted);
  if (result.step_seconds.empty()) return false;
  study.results.push_back(std::move(result));
  return true;
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
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < cases.size() && !interrupted(); ++i) {
    show_progress(cases[i], i, cases.size());
    try {
      if (!measure(cases[i], study)) break;
      if (cases[i].training.threads == cases[0].training.threads)
        sgemm_of_all.push_back(study.results.back().sgemm_gflops);
    } catch (const Error& error) {  // such as a case that needs more memory than there is
      std::cerr << "left out: " << error.what() << '\n';
      ++left_out;
    }
  }
  const bool for_programs = format == TableFormat::csv;
  std::cout << (for_programs ? speed_data(study) : speed_table(study)).format(format);
  for (const SpeedResult& result : study.results) {
    if (!request.options.profile) break;
    const Config::Network& network = result.of.network;
    std::cout << '\n';
    if (!for_programs)
      std::cout << fmt::format("{}, {}, a step:\n", network_name(network), name(network.activations));
    std::cout << profile_table(result).format(format);
  }
  std::cout.flush();
  for (const std::string& doubt : doubts(others.cores(), sgemm_of_all)) {
    std::cerr << "warning: " << doubt << '\n';
  }
  if (!study.results.empty()) {  // otherwise a file that --force was to replace stays
    write_speed_log(request.output, study, command);
    std::cerr << fmt::format("written to {}; {}\n", request.output, how_to_draw("speed", request.output));
  }
  if (interrupted()) {
    std::cerr << fmt::format("interrupted after {} of {} cases\n", study.results.size(), cases.size());
    return static_cast<int>(ExitCode::interrupted);
  }
  return static_cast<int>(left_out > 0 ? ExitCode::failed : ExitCode::done);
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
