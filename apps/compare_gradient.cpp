// revnet-compare gradient angle
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "command_line.h"
#include "compare_commands.h"
#include "ranks.h"
#include "record/run_directory.h"
#include "run/earlier_run.h"
#include "study/angle_study.h"
#include "study/study_log.h"
#include "study_options.h"
#include "system/interrupt.h"

namespace revnet {
namespace {

struct AngleRequest {
  AngleRequest(CLI::App& app) : study(app, "angle") {}
  StudyOptions study;
  AngleOptions options;
  std::string dump;
  std::vector<std::string> checkpoints;
};

void print_header() {
  std::printf("%9s  %10s  %10s  %12s  %14s  %10s  %13s\n", "iteration", "angle deg", "smooth deg",
              "flipped ReLUs", "of", "relative", "cross entropy");
}

void print_row(std::int64_t iteration, const Series::Row& row) {
  std::printf("%9lld  %10.6f  %10.6f  %13.0f  %14.0f  %10.2e  %13.4f\n", static_cast<long long>(iteration),
              row.at("degrees"), row.at("forced/degrees"), row.at("flipped"), row.at("relus"),
              row.at("relative_l2"), row.at("cross_entropy"));
  std::fflush(stdout);
}

// Prints the header before the first row, for nothing may come before a refusal.
AngleReport row_printer() {
  return [begun = false](std::int64_t iteration, const Series::Row& row) mutable {
    if (!std::exchange(begun, true)) print_header();
    print_row(iteration, row);
  };
}

void print_files(const std::filesystem::path& directory) {
  std::cerr << fmt::format("written to {}; {}\n", RunFiles(directory).angle().string(),
                           how_to_draw("angle", directory));
}

int measure_checkpoints(const AngleRequest& request, const AngleOptions& options,
                        const std::string& command) {
  require_one_process("revnet-compare gradient angle --checkpoint");
  const RunOptions& run = request.study.run();
  if (run.resume()) throw UsageError("--checkpoint measures anew: leave --resume out");
  const std::filesystem::path directory = run.directory();
  if (directory.empty()) throw UsageError("--checkpoint needs --run-dir, where angle.h5 is written");
  if (has_begun(directory)) {
    throw UsageError(
        "{} holds a run, whose own angle.h5 would be mistaken for this one; choose another "
        "--run-dir",
        directory.string());
  }
  claim_study_log(RunFiles(directory).angle(), run.force());
  catch_interrupts();
  const std::size_t measured = without_training([&] {
    return run_angle_study_of_checkpoints(
        {request.checkpoints.begin(), request.checkpoints.end()},
        [&](Config config) { return request.study.settings().apply_to(std::move(config)); }, options,
        directory, command, row_printer());
  });
  if (measured > 0) print_files(directory);
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

int measure_in_training(const AngleRequest& request, const AngleOptions& options, const std::string& command,
                        Communicator& communicator) {
  StudyOptions::Prepared prepared;
  communicator.together([&] { prepared = request.study.prepare(); });
  catch_interrupts(communicator.is_first());
  const RunSummary summary = run_angle_study(prepared.config, options, prepared.directory, prepared.start,
                                             command, row_printer(), communicator);
  if (summary.was_complete && !request.dump.empty()) {
    throw UsageError(
        "--dump: {} is complete, so nothing is measured any more; measure at its last checkpoint with "
        "--checkpoint and another --run-dir",
        prepared.directory.string());
  }
  if (communicator.is_first()) {
    if (summary.was_complete)
      std::cerr << prepared.directory.string() << " is complete: nothing is left to do\n";
    if (std::filesystem::exists(RunFiles(prepared.directory).angle())) print_files(prepared.directory);
  }
  return static_cast<int>(summary.status == RunStatus::interrupted ? ExitCode::interrupted : ExitCode::done);
}

int run_angle(const AngleRequest& request, const std::string& command, Communicator& communicator) {
  AngleOptions options = request.options;
  options.dump = request.dump;
  communicator.together([&] {
    if (request.dump.empty() || !communicator.is_first()) return;
    claim_study_log(request.dump, request.study.run().start() != RunStart::fresh);
  });
  if (!request.checkpoints.empty()) return measure_checkpoints(request, options, command);
  return measure_in_training(request, options, command, communicator);
}

}  // namespace

void add_gradient_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* gradient =
      app.add_subcommand("gradient", "compares gradients with stored and reconstructed activations");
  gradient->require_subcommand(1);
  CLI::App* angle = gradient->add_subcommand(
      "angle", "trains a RevNet and compares its stored and reconstructed gradients");
  auto request = std::make_shared<AngleRequest>(*angle);
  const auto positive = CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000});
  CLI::Option* const every =
      angle
          ->add_option("--every", request->options.every,
                       "iterations between measurements; the last iteration is always measured")
          ->type_name("N")
          ->check(positive)
          ->default_str(fmt::to_string(AngleOptions::default_every))
          ->group("Study");
  angle
      ->add_option("--batches", request->options.batches,
                   "batches per measurement; results are means over them")
      ->type_name("N")
      ->check(positive)
      ->default_str(fmt::to_string(AngleOptions::default_batches))
      ->group("Study");
  angle
      ->add_option("--dump", request->dump,
                   "write batch, parameters and gradients of the last measurement, as HDF5")
      ->type_name("FILE.h5")
      ->group("Study");
  angle
      ->add_option("--checkpoint", request->checkpoints,
                   "measure at a checkpoint or at all those of a folder instead of training")
      ->type_name("FILE|DIR")
      ->take_all()
      ->allow_extra_args(false)
      ->excludes(every)
      ->group("Study");
  angle->callback([request, invocation] {
    *invocation.exit_code = guarded_ranks("revnet-compare gradient angle", [&](Communicator& communicator) {
      return run_angle(*request, invocation.command, communicator);
    });
  });
}

}  // namespace revnet
