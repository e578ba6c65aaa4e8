#include "report/tables.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "record/run_directory.h"
#include "report/metrics.h"
#include "report/paper.h"

namespace revnet {
namespace {

constexpr std::int64_t full_schedule = 80'000;
using Dataset = Config::Dataset::Name;
constexpr std::array datasets{Dataset::cifar10, Dataset::cifar100};

// The schedules to show for a data set: the paper's, and all others that runs in a cell had.
std::vector<std::int64_t> schedules_of(const std::vector<RunRecord>& runs, const std::vector<Place>& places,
                                       Dataset dataset) {
  std::set<std::int64_t> schedules{full_schedule};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Config& config = runs[i].config;
    if (places[i].in == Place::In::cell && config.dataset.name == dataset) {
      schedules.insert(config.training.iterations);
    }
  }
  return {schedules.rbegin(), schedules.rend()};
}

bool can_resume(const RunRecord& run) {
  const RunFiles files(run.directory);
  return run.status != RunStatus::running && std::filesystem::exists(files.checkpoint()) &&
         std::filesystem::exists(files.config());
}

std::string command_for(Dataset dataset, const PaperRow& paper) {
  Config config;
  config.dataset.name = dataset;
  config.network.architecture = paper.network;
  while (std::filesystem::exists(default_run_directory(config))) ++config.training.seed;
  const std::uint64_t seed = config.training.seed;
  return fmt::format("revnet-train {} --arch {}{}", name(dataset), paper.network,
                     seed > 1 ? fmt::format(" --seed {}", seed) : "");
}

}  // namespace

std::string dataset_title(Config::Dataset::Name dataset) {
  if (dataset == Dataset::cifar10) return "CIFAR-10";
  return dataset == Dataset::cifar100 ? "CIFAR-100" : name(dataset);
}

std::string network_title(const std::string& network) {
  const auto row = std::ranges::find(paper_rows, network, &PaperRow::network);
  return row == paper_rows.end() ? network : std::string(row->title);
}

Table architecture_table(const std::vector<BuiltNetwork>& built) {
  Table table({"network", "unit", "units", "channels", "CIFAR-10, paper (M)", "CIFAR-10, built",
               "CIFAR-100, paper (M)", "CIFAR-100, built"});
  for (const PaperRow& paper : paper_rows) {
    const auto found = std::ranges::find(built, paper.network, &BuiltNetwork::name);
    if (found == built.end()) continue;
    table.add({std::string(paper.title), found->unit, found->units, found->channels,
               format_fixed(paper.parameters_10, 2), format_grouped(found->parameters_10),
               format_fixed(paper.parameters_100, 2), format_grouped(found->parameters_100)});
  }
  return table;
}

Table error_table(const std::vector<RunRecord>& runs, const std::vector<Place>& places) {
  const Metric& error = find_metric("eval_error_percent", "metric");
  std::vector<std::string> header{"network"};
  for (const Dataset dataset : datasets) {
    header.push_back(dataset_title(dataset) + ", paper");
    for (const std::int64_t iterations : schedules_of(runs, places, dataset)) {
      header.push_back(fmt::format("{} at {}", dataset_title(dataset), format_grouped(iterations)));
    }
  }
  Table table(header);
  for (const PaperRow& paper : paper_rows) {
    std::vector<std::string> row{std::string(paper.title)};
    for (const Dataset dataset : datasets) {
      row.push_back(format_fixed(dataset == Dataset::cifar10 ? paper.error_10 : paper.error_100, 2));
      for (const std::int64_t iterations : schedules_of(runs, places, dataset)) {
        row.push_back(describe(
            error, statistic_of(error, runs_of_cell(runs, places, paper.network, dataset, iterations))));
      }
    }
    table.add(std::move(row));
  }
  return table;
}

std::vector<std::string> missing_runs(const std::vector<RunRecord>& runs, const std::vector<Place>& places) {
  std::vector<std::string> commands;
  for (const Dataset dataset : datasets) {
    for (const PaperRow& paper : paper_rows) {
      if (!runs_of_cell(runs, places, paper.network, dataset, full_schedule).empty()) continue;
      const RunRecord* begun = nullptr;
      for (std::size_t i = 0; i < runs.size(); ++i) {
        const Config& config = runs[i].config;
        if (places[i].in == Place::In::cell_when_complete && network_name(config.network) == paper.network &&
            config.dataset.name == dataset && config.training.iterations == full_schedule) {
          begun = &runs[i];
        }
      }
      if (begun != nullptr && begun->status == RunStatus::running) continue;
      if (begun == nullptr || !can_resume(*begun)) {
        commands.push_back(command_for(dataset, paper));
        continue;
      }
      commands.push_back(fmt::format("revnet-train {} --run-dir {} --resume", name(dataset),
                                     shell_quoted(begun->directory.string())));
    }
  }
  return commands;
}

std::vector<std::string> measured_notes(const std::vector<RunRecord>& runs,
                                        const std::vector<Place>& places) {
  using Seeds = std::map<std::string, std::set<std::uint64_t>>;            // by network
  std::map<std::tuple<Dataset, std::int64_t, std::string>, Seeds> groups;  // by data set, longest first
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (places[i].in != Place::In::cell) continue;
    const Config& config = runs[i].config;
    groups[{config.dataset.name, -config.training.iterations, config.dataset.directory}]
          [network_title(network_name(config.network))]
              .insert(config.training.seed);
  }
  std::vector<std::string> notes;
  for (const auto& [key, networks] : groups) {
    const auto& [dataset, iterations, directory] = key;
    std::vector<std::string> measured;
    for (const auto& [network, seeds] : networks) {
      measured.push_back(
          fmt::format("{} (seed{} {})", network, seeds.size() > 1 ? "s" : "", fmt::join(seeds, ", ")));
    }
    notes.push_back(fmt::format("Measured on {} (read from {}), {} iterations of the paper's recipe: {}.",
                                dataset_title(dataset), directory, format_grouped(-iterations),
                                join(measured)));
  }
  return notes;
}

}  // namespace revnet
