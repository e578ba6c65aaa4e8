#include "report/tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.h"
#include "report/paper.h"

namespace revnet {
namespace {

constexpr std::int64_t full_schedule = 80'000, paper_batch = 100;
constexpr std::array datasets{"cifar10", "cifar100"};

std::string title_of(const std::string& dataset) {
  return dataset == "cifar10" ? "CIFAR-10" : "CIFAR-100";
}

// "80,000".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

// Whether a run measures what a cell of Table 3 holds.
bool counts(const RunRecord& run) {
  return run.complete() && !run.config.dataset.validation && run.config.training.batch == paper_batch;
}

// Test errors of one network on one data set with one schedule, a seed each.
std::vector<double> errors_of(const std::vector<RunRecord>& runs, std::string_view network,
                              const std::string& dataset, std::int64_t iterations) {
  std::vector<double> errors;
  for (const RunRecord& run : runs) {
    if (counts(run) && run.config.network.architecture == network && run.config.dataset.name == dataset &&
        run.config.training.iterations == iterations) {
      errors.push_back(run.eval.back().error_percent);
    }
  }
  return errors;
}

std::string describe(const std::vector<double>& errors) {
  if (errors.empty()) return "-";
  const auto n = static_cast<double>(errors.size());
  double mean = 0, squares = 0;
  for (const double error : errors) mean += error / n;
  if (errors.size() == 1) return format_fixed(mean, 2);
  for (const double error : errors) squares += (error - mean) * (error - mean);
  return format_fixed(mean, 2) + " +- " + format_fixed(std::sqrt(squares / (n - 1)), 2) + " (" +
         std::to_string(errors.size()) + ")";
}

// Schedules to show for a data set: the paper's, and every other that a run had.
std::vector<std::int64_t> schedules_of(const std::vector<RunRecord>& runs, const std::string& dataset) {
  std::set<std::int64_t> schedules{full_schedule};
  for (const RunRecord& run : runs) {
    if (counts(run) && run.config.dataset.name == dataset) schedules.insert(run.config.training.iterations);
  }
  return {schedules.rbegin(), schedules.rend()};
}

}  // namespace

Table architecture_table(const std::vector<BuiltNetwork>& built) {
  Table table({"network", "unit", "units", "channels", "paper, CIFAR-10 (M)", "built", "paper, CIFAR-100 (M)",
               "built"});
  for (const PaperRow& paper : paper_rows) {
    const auto found = std::ranges::find(built, paper.network, &BuiltNetwork::name);
    if (found == built.end()) continue;
    table.add({std::string(paper.title), found->unit, found->units, found->channels,
               format_fixed(paper.parameters_10, 2), grouped(found->parameters_10),
               format_fixed(paper.parameters_100, 2), grouped(found->parameters_100)});
  }
  return table;
}

Table error_table(const std::vector<RunRecord>& runs) {
  std::vector<std::string> header{"network"};
  for (const char* dataset : datasets) {
    header.push_back(title_of(dataset) + ", paper");
    for (const std::int64_t iterations : schedules_of(runs, dataset)) {
      header.push_back(grouped(iterations) + " iterations");
    }
  }
  Table table(header);
  for (const PaperRow& paper : paper_rows) {
    std::vector<std::string> row{std::string(paper.title)};
    for (const std::string dataset : datasets) {
      row.push_back(format_fixed(dataset == "cifar10" ? paper.error_10 : paper.error_100, 2));
      for (const std::int64_t iterations : schedules_of(runs, dataset)) {
        row.push_back(describe(errors_of(runs, paper.network, dataset, iterations)));
      }
    }
    table.add(std::move(row));
  }
  return table;
}

std::vector<std::string> missing_runs(const std::vector<RunRecord>& runs) {
  std::vector<std::string> commands;
  for (const char* dataset : datasets) {
    for (const PaperRow& paper : paper_rows) {
      if (!errors_of(runs, paper.network, dataset, full_schedule).empty()) continue;
      commands.push_back("revnet-train " + std::string(dataset) + " --arch " + std::string(paper.network));
    }
  }
  return commands;
}

Table run_table(const std::vector<RunRecord>& runs) {
  Table table({"run", "network", "data set", "activations", "batch", "seed", "iterations", "status",
               "error %", "images/s", "time", "saved", "peak"});
  for (const RunRecord& run : runs) {
    const Config& config = run.config;
    table.add(
        {run.directory.string(), config.network.architecture, config.dataset.name, config.network.activations,
         std::to_string(config.training.batch), std::to_string(config.training.seed),
         std::to_string(run.train.empty() ? 0 : run.train.back().iteration), std::string(name(run.status)),
         run.eval.empty() ? "-" : format_fixed(run.eval.back().error_percent, 2),
         format_fixed(run.images_per_second, 0), format_duration(run.seconds),
         format_bytes(static_cast<std::uint64_t>(run.saved_bytes)),
         format_bytes(static_cast<std::uint64_t>(run.peak_bytes))});
  }
  return table;
}

}  // namespace revnet
