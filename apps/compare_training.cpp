// revnet-compare training
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/table.h"
#include "command_line.h"
#include "compare_commands.h"
#include "ranks/communicator.h"
#include "study/training_comparison.h"
#include "study_options.h"
#include "system/interrupt.h"

namespace revnet {
namespace {

void print(const TrainingComparison& comparison, bool validation) {
  const std::string set = validation ? "validation" : "test";
  Table table({"iteration", "stored: " + set + " error %", "reconstructed", "difference",
               "stored: cross entropy", "reconstructed", "difference"});
  const Series& eval = comparison.eval;
  for (std::size_t i = 0; i < eval.iterations().size(); ++i) {
    const auto cell = [&](const char* column, int decimals) {
      return format_fixed(eval.column(column)[i], decimals);
    };
    table.add({std::to_string(eval.iterations()[i]), cell("stored/error_percent", 2),
               cell("reconstructed/error_percent", 2), cell("difference/error_percent", 2),
               cell("stored/cross_entropy", 4), cell("reconstructed/cross_entropy", 4),
               cell("difference/cross_entropy", 4)});
  }
  std::cout << table.format(TableFormat::text) << std::flush;
}

int run_comparison(const StudyOptions& options, const std::string& command) {
  const StudyOptions::Prepared prepared = options.prepare("stored", Config::Network::Activations::stored);
  catch_interrupts();
  const TrainingComparison comparison = run_training_comparison(
      prepared.config, prepared.directory, prepared.start, command,
      [](auto mode) { std::cerr << "training with " << name(mode) << " activations\n"; });
  if (!comparison.eval.empty()) print(comparison, prepared.config.dataset.validation);
  if (!comparison.train.empty()) {
    std::cerr << fmt::format("written to {}; {}\n", (prepared.directory / "training.h5").string(),
                             how_to_draw("training", prepared.directory));
  }
  return static_cast<int>(comparison.status == RunStatus::complete ? ExitCode::done : ExitCode::interrupted);
}

}  // namespace

void add_training_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* training = app.add_subcommand(
      "training", "trains a RevNet from one seed with stored and reconstructed activations");
  auto options = std::make_shared<StudyOptions>(*training, "training");
  option_of(*training, "--activations")->group("");  // not listed, for it is refused below
  training->callback([options, training, invocation] {
    *invocation.exit_code = guarded("revnet-compare training", [&] {
      require_one_process("revnet-compare training");
      options->settings().refuse_ignored([](const std::string& key) { return key != "network.activations"; },
                                         "a study that trains with stored and with reconstructed ones");
      return run_comparison(*options, invocation.command);
    });
  });
}

}  // namespace revnet
