#include "report/cells.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "report/paper.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

// The settings that identify a cell, and the seeds it pools.
constexpr std::array cell_keys{"network.architecture", "dataset.name", "training.iterations",
                               "training.seed"};

bool is_recipe(const Setting& setting) {
  return setting.effect == Effect::result && std::ranges::find(cell_keys, setting.key) == cell_keys.end();
}

// How a run departs from the paper's recipe; "" if it does not.
std::string against_recipe(const Config& config) {
  using Name = Config::Dataset::Name;
  const Name dataset = config.dataset.name;
  if (dataset != Name::cifar10 && dataset != Name::cifar100) return "the data set is " + name(dataset);
  const auto row = std::ranges::find(paper_rows, config.network.architecture, &PaperRow::network);
  if (row == paper_rows.end()) return "the paper has no " + network_name(config.network);
  Config recipe;
  recipe.network.activations = row->activations;
  std::vector<std::string> different;
  for (const Setting& setting : settings()) {
    const std::string is = setting.yaml(config), should = setting.yaml(recipe);
    if (!is_recipe(setting) || is == should) continue;
    if (setting.describes_network()) {
      different.push_back(fmt::format("{} is given, {}", setting.key, is));
    } else if (should != "auto") {
      different.push_back(fmt::format("{} is {}, not {}", setting.key, is, should));
    }
  }
  return join(different, "; ");
}

// The keys that the recipe leaves open.
std::vector<std::string> open_keys() {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    const bool is_given = setting.key == "network.activations";  // by the paper
    if (is_recipe(setting) && !is_given && setting.yaml(Config()) == "auto") keys.push_back(setting.key);
  }
  return keys;
}

// Indices of runs that could share one cell, keyed by their values of the open keys and, last, by their
// images.
using Alike = std::map<std::vector<std::string>, std::vector<std::size_t>>;

void fill_cell(const std::vector<RunRecord>& runs, const Alike& alike, std::vector<Place>& places) {
  const auto complete = [&](const Alike::value_type& group) {
    return std::ranges::count_if(group.second, [&](std::size_t i) { return runs[i].complete(); });
  };
  const auto& chosen = *std::ranges::max_element(alike, {}, complete);
  const std::vector<std::string> keys = open_keys();
  for (const auto& [values, members] : alike) {
    std::map<std::uint64_t, std::size_t> by_seed;
    for (const std::size_t i : members) {
      Place& place = places[i];
      if (values != chosen.first) {
        const auto different = std::ranges::mismatch(values, chosen.first).in1 - values.begin();
        const auto key = static_cast<std::size_t>(different);
        place.reason =
            key < keys.size()
                ? fmt::format("{} is {}, in the cell {}", keys[key], values[key], chosen.first[key])
                : fmt::format("its images are {}, in the cell {}", values[key], chosen.first[key]);
        continue;
      }
      const auto [first, is_new] = by_seed.try_emplace(runs[i].config.training.seed, i);
      if (!is_new) {
        place.reason = "it has the settings and the seed of " + runs[first->second].directory.string();
      } else if (runs[i].status == RunStatus::diverged) {
        place.reason = "it diverged";
      } else {
        place.in = runs[i].complete() ? Place::In::cell : Place::In::cell_when_complete;
      }
    }
  }
}

}  // namespace

std::string_view name(Place::In in) {
  constexpr std::array<std::string_view, 3> names{"yes", "not yet", "no"};
  return names[static_cast<std::size_t>(in)];
}

std::vector<Place> place_runs(const std::vector<RunRecord>& runs) {
  std::vector<Place> places(runs.size());
  std::map<std::vector<std::string>, Alike> cells;
  // Complete runs first, so that of two runs with the same seed the complete one counts.
  for (const bool complete : {true, false}) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (runs[i].complete() != complete) continue;
      const Config& config = runs[i].config;
      places[i].reason = against_recipe(config);
      if (places[i].reason.empty() && !runs[i].ranks.empty()) {
        places[i].reason = fmt::format("{} ranks normalized their parts of each batch apart", runs[i].ranks);
      }
      if (places[i].reason.empty() && !runs[i].changes.empty()) {
        places[i].reason = "it was resumed with " + runs[i].changes;
      }
      if (!places[i].reason.empty()) continue;
      std::vector<std::string> values;
      for (const std::string& key : open_keys()) values.push_back(value_of(config, key));
      values.push_back(runs[i].images);
      cells[{config.network.architecture, name(config.dataset.name),
             fmt::format("{}", config.training.iterations)}][values]
          .push_back(i);
    }
  }
  for (const auto& [key, alike] : cells) fill_cell(runs, alike, places);
  return places;
}

std::vector<const RunRecord*> runs_of_cell(const std::vector<RunRecord>& runs,
                                           const std::vector<Place>& places, std::string_view network,
                                           Config::Dataset::Name dataset, std::int64_t iterations) {
  std::vector<const RunRecord*> found;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Config& config = runs[i].config;
    if (places[i].in == Place::In::cell && network_name(config.network) == network &&
        config.dataset.name == dataset && config.training.iterations == iterations) {
      found.push_back(&runs[i]);
    }
  }
  return found;
}

std::vector<std::string> left_out_notes(const std::vector<RunRecord>& runs,
                                        const std::vector<Place>& places) {
  std::vector<std::pair<std::string, std::vector<std::string>>> by_reason;  // in the order of the runs
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (places[i].in == Place::In::cell) continue;
    const std::string reason = places[i].in == Place::In::none
                                   ? places[i].reason
                                   : fmt::format("it is not complete ({})", name(runs[i].status));
    auto found = std::ranges::find(by_reason, reason, &decltype(by_reason)::value_type::first);
    if (found == by_reason.end()) found = by_reason.insert(found, {reason, {}});
    found->second.push_back(runs[i].directory.string());
  }
  std::vector<std::string> notes;
  for (const auto& [reason, names] : by_reason) {
    notes.push_back(fmt::format("Left out, since {}: {}.", reason, join(names)));
  }
  return notes;
}

}  // namespace revnet
