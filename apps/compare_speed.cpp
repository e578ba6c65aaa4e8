// revnet-compare speed
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "compare_commands.h"
#include "network_choice.h"
#include "option_values.h"
#include "record/config.h"
#include "study/machine.h"
#include "study/speed_report.h"
#include "study/study_log.h"
#include "train/communicator.h"
#include "train/interrupt.h"
#include "train/setup.h"
#include "training_options.h"

namespace revnet {
namespace {

// Table 2's CIFAR networks: the synthetic images are of their size.
std::vector<std::string> cifar_networks() {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures()) {
    if (architecture.image_size == Architecture{}.image_size) names.push_back(architecture.name);
  }
  return names;
}

struct SpeedRequest {
  explicit SpeedRequest(CLI::App& app) : networks(app, cifar_networks(), "Table 2's CIFAR networks") {}

  NetworkChoice networks;
  std::vector<std::string> activations, engines{"auto"};
  std::string convolution = "auto";
  std::vector<std::int64_t> batches{100};
  std::vector<int> threads{0};
  SpeedOptions options;
  std::string format = "text", output = "runs/speed.h5";
  bool force = false;
};

constexpr std::array modes{Config::Network::Activations::stored, Config::Network::Activations::reconstructed};

SpeedOptions options_of(const SpeedRequest& request) {
  Config config;
  set_value(config, "network.convolution", request.convolution, "--convolution");
  SpeedOptions options = request.options;
  options.convolution = config.network.convolution;
  return options;
}

// Every combination asked for that can be: a ResNet's activations are always stored.
std::vector<SpeedCase> cases_of(const SpeedRequest& request, const SpeedOptions& options) {
  std::vector<SpeedCase> cases;
  const auto add = [&](Config config, int threads, std::int64_t batch, const std::string& engine) {
    // The same checks, and the same meaning of 0 threads, as everywhere.
    config.network.convolution = options.convolution;
    set_value(config, "training.batch", fmt::format("{}", batch), "--batch");
    set_value(config, "training.threads", fmt::format("{}", threads), "--threads");
    set_value(config, "network.engine", engine, "--engine");
    for (const auto mode : modes) {
      const bool wanted =
          request.activations.empty() || std::ranges::count(request.activations, name(mode)) > 0;
      if (!wanted || !can_keep(architecture(config), activation_mode(mode))) continue;
      config.network.activations = mode;
      cases.push_back({config.network, batch, resolve(config).training.threads});
    }
  };
  const std::vector<Config> networks = request.networks.settings();
  for (const int threads : request.threads) {
    for (const std::int64_t batch : request.batches) {
      for (const Config& config : networks) {
        for (const std::string& engine : request.engines) add(config, threads, batch, engine);
      }
    }
  }
  if (cases.empty()) throw UsageError("nothing to measure: a ResNet's activations are always stored");
  return cases;
}

void show_progress(const SpeedCase& now, std::size_t done, std::size_t all) {
  std::cerr << fmt::format("{}/{}  {}, {}, batch {}, {} threads\n", done + 1, all, network_name(now.network),
                           name(now.network.activations), now.batch, now.threads);
}

int run_speed(const SpeedRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  const SpeedOptions options = options_of(request);
  const std::vector<SpeedCase> cases = cases_of(request, options);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  SpeedStudy study{options, {}, {}};
  const OtherLoad others;
  std::vector<double> sgemm_of_all;
  for (std::size_t i = 0; i < cases.size() && !interrupted(); ++i) {
    show_progress(cases[i], i, cases.size());
    double sgemm = measure_sgemm_gflops(cases[i].threads);
    SpeedResult result = measure_speed(cases[i], options, interrupted);
    sgemm = std::max(sgemm, measure_sgemm_gflops(cases[i].threads));
    if (result.step_seconds.empty()) break;
    study.results.push_back(std::move(result));
    study.sgemm_gflops.push_back(sgemm);
    if (cases[i].threads == cases[0].threads) sgemm_of_all.push_back(sgemm);
  }
  std::cout << speed_table(study).format(format);
  for (const SpeedResult& result : study.results) {
    if (result.profiled_steps == 0) continue;
    const Config::Network& network = result.of.network;
    std::cout << fmt::format("\n{}, {}, a step:\n", network_name(network), name(network.activations));
    std::cout << profile_table(result).format(format);
  }
  std::cout.flush();
  for (const std::string& doubt : doubts(others.cores(), sgemm_of_all)) {
    std::cerr << "warning: " << doubt << '\n';
  }
  write_speed_log(request.output, study, command);
  std::cerr << "written to " << request.output << "; draw it with: scripts/figures.py speed "
            << request.output << '\n';
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

}  // namespace

void add_speed_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* speed = app.add_subcommand(
      "speed", "milliseconds a step, beside the floor: the sum of oneDNN's own primitives in isolation");
  auto request = std::make_shared<SpeedRequest>(*speed);
  const auto many = [&](const char* option, auto& target, const char* type, const char* help) {
    return speed->add_option(option, target, help)->type_name(type)->take_all()->allow_extra_args(false);
  };
  many("--activations", request->activations, "MODE",
       "stored or reconstructed; may be repeated; default: both")
      ->check(CLI::IsMember({name(modes[0]), name(modes[1])}));
  many("--engine", request->engines, "ENGINE", "fused, onednn or auto; may be repeated")
      ->default_str("auto")
      ->check(choices_of_setting("network.engine"));
  many("--batch", request->batches, "N", "images a step; may be repeated")->default_str("100");
  many("--threads", request->threads, "N", "0: all cores this process may use; may be repeated")
      ->default_str("0");
  speed->add_option("--convolution", request->convolution, "auto or direct")
      ->type_name("POLICY")
      ->check(choices_of_setting("network.convolution"))
      ->capture_default_str();
  speed->add_option("--steps", request->options.steps, "steps timed for each line")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  speed->add_flag("--profile", request->options.profile, "and a table of where the time goes");
  add_format_option(*speed, request->format);
  speed->add_option("--output", request->output, "where all figures go, as HDF5")
      ->type_name("FILE")
      ->capture_default_str();
  speed->add_flag("--force", request->force, "replace --output if it is there");
  speed->callback([request, invocation] {
    *invocation.exit_code = guarded("revnet-compare speed", [&] {
      require_one_process("revnet-compare speed");
      return run_speed(*request, invocation.command);
    });
  });
}

}  // namespace revnet
