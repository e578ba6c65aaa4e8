#include "report/tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "report/paper.h"

namespace revnet {
namespace {

constexpr std::int64_t full_schedule = 80'000, paper_batch = 100;
using Dataset = Config::Dataset::Name;
constexpr std::array datasets{Dataset::cifar10, Dataset::cifar100};

// Whether a run measures what a cell of Table 3 holds.
bool counts(const RunRecord& run) {
  return run.complete() && std::ranges::count(datasets, run.config.dataset.name) > 0 &&
         std::ranges::count(paper_rows, network_name(run.config.network), &PaperRow::network) > 0 &&
         !run.config.dataset.validation && run.config.training.batch == paper_batch;
}

// Test errors of one network on one data set with one schedule, a seed each.
std::vector<double> errors_of(const std::vector<RunRecord>& runs, std::string_view network, Dataset dataset,
                              std::int64_t iterations) {
  std::vector<double> errors;
  for (const RunRecord& run : runs) {
    if (counts(run) && network_name(run.config.network) == network && run.config.dataset.name == dataset &&
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
  return format_fixed(mean, 2) + " ± " + format_fixed(std::sqrt(squares / (n - 1)), 2) + " (" +
         std::to_string(errors.size()) + ")";
}

// Schedules to show for a data set: the paper's, and every other that a run had.
std::vector<std::int64_t> schedules_of(const std::vector<RunRecord>& runs, Dataset dataset) {
  std::set<std::int64_t> schedules{full_schedule};
  for (const RunRecord& run : runs) {
    if (counts(run) && run.config.dataset.name == dataset) schedules.insert(run.config.training.iterations);
  }
  return {schedules.rbegin(), schedules.rend()};
}

// "0.1", "2e-04".
std::string shortest(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

// "CIFAR-10 (read from data), 8,000 iterations of 100 images, learning rate 0.1, times 0.1 after 4,000 and
// 6,000".
std::string conditions(const Config& config) {
  const Config::Training& training = config.training;
  std::string text = dataset_title(config.dataset.name) + " (read from " + config.dataset.directory + "), " +
                     format_grouped(training.iterations) + " iterations of " +
                     std::to_string(training.batch) + " images, learning rate " +
                     shortest(training.learning_rate);
  std::vector<std::string> decays;
  for (const double fraction : training.decay_at) {
    decays.push_back(format_grouped(std::llround(fraction * static_cast<double>(training.iterations))));
  }
  if (decays.empty()) return text;
  return text + ", times " + shortest(training.decay_factor) + " after " + join(decays, " and ");
}

std::string or_dash(bool known, const std::string& text) {
  return known ? text : "-";
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

Table error_table(const std::vector<RunRecord>& runs) {
  std::vector<std::string> header{"network"};
  for (const Dataset dataset : datasets) {
    header.push_back(dataset_title(dataset) + ", paper");
    for (const std::int64_t iterations : schedules_of(runs, dataset)) {
      header.push_back(dataset_title(dataset) + " at " + format_grouped(iterations));
    }
  }
  Table table(header);
  for (const PaperRow& paper : paper_rows) {
    std::vector<std::string> row{std::string(paper.title)};
    for (const Dataset dataset : datasets) {
      row.push_back(format_fixed(dataset == Dataset::cifar10 ? paper.error_10 : paper.error_100, 2));
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
  for (const Dataset dataset : datasets) {
    for (const PaperRow& paper : paper_rows) {
      if (!errors_of(runs, paper.network, dataset, full_schedule).empty()) continue;
      commands.push_back("revnet-train " + name(dataset) + " --arch " + std::string(paper.network));
    }
  }
  return commands;
}

std::vector<std::string> measured_notes(const std::vector<RunRecord>& runs) {
  using Seeds = std::map<std::string, std::set<std::uint64_t>>;            // by network
  std::map<std::tuple<Dataset, std::int64_t, std::string>, Seeds> groups;  // by data set, longest first
  std::int64_t counted = 0;
  for (const RunRecord& run : runs) {
    if (!counts(run)) continue;
    ++counted;
    const Config& config = run.config;
    groups[{config.dataset.name, -config.training.iterations, conditions(config)}]
          [network_title(network_name(config.network))]
              .insert(config.training.seed);
  }
  std::vector<std::string> notes;
  for (const auto& [key, networks] : groups) {
    std::vector<std::string> measured;
    for (const auto& [network, seeds] : networks) {
      std::vector<std::string> numbers;
      for (const std::uint64_t seed : seeds) numbers.push_back(std::to_string(seed));
      measured.push_back(network + (numbers.size() > 1 ? " (seeds " : " (seed ") + join(numbers) + ")");
    }
    notes.push_back("Measured on " + std::get<2>(key) + ": " + join(measured) + ".");
  }
  const auto all = static_cast<std::int64_t>(runs.size());
  if (counted < all) {
    notes.push_back("Runs that fill a cell: " + std::to_string(counted) + " of " + std::to_string(all) +
                    " (complete ones on CIFAR's test images, in batches of " + std::to_string(paper_batch) +
                    ").");
  }
  return notes;
}

Table run_table(const std::vector<RunRecord>& runs) {
  Table table({"run", "network", "data set", "activations", "batch", "seed", "iterations", "status",
               "error %", "images/s", "time", "saved", "peak"});
  for (const RunRecord& run : runs) {
    const Config& config = run.config;
    table.add({run.directory.string(), network_name(config.network), name(config.dataset.name),
               name(config.network.activations), std::to_string(config.training.batch),
               std::to_string(config.training.seed),
               std::to_string(run.train.empty() ? 0 : run.train.back().iteration),
               std::string(name(run.status)),
               run.eval.empty() ? "-" : format_fixed(run.eval.back().error_percent, 2),
               or_dash(run.images_per_second > 0, format_fixed(run.images_per_second, 0)),
               or_dash(run.seconds > 0, format_duration(run.seconds)),
               or_dash(run.saved_bytes > 0, format_bytes(static_cast<std::uint64_t>(run.saved_bytes))),
               or_dash(run.peak_bytes > 0, format_bytes(static_cast<std::uint64_t>(run.peak_bytes)))});
  }
  return table;
}

}  // namespace revnet
