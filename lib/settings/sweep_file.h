// An experiment file with a section `sweep`, which describes many runs. Without the section, the file
// describes one run. revnet-train --config reads the settings around the section and ignores it.
// lib/sweep/README.md has an example.
//
// A list within a grid's list is one value of a list-valued setting (training.decay_at: [[0.5], [0.25,
// 0.5]]).
//
// A rule multiplies the setting `set` by (value / at) ^ power, where `value` is that of `proportional_to` and
// `power` defaults to 1. At value = at, the setting is thus as the file says. A run that assigns the setting
// itself keeps its own value.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "settings/config.h"
#include "settings/slurm_settings.h"

namespace revnet {

struct SweepFile {
  struct Axis {
    std::string key;
    std::vector<std::string> values;  // in the text of the file
  };
  using Assignments = std::vector<std::pair<std::string, std::string>>;  // key and value, as written
  struct Rule {
    std::string set, proportional_to;
    double at = 1, power = 1;
  };

  Config base;  // the settings outside the section
  std::vector<Axis> grid;
  std::vector<Assignments> exclude, include;
  std::vector<Rule> rules;
  SlurmSettings slurm;
};

// Throws UsageError, with file and line, for unknown keys, for values that a setting cannot have, and for
// rules on settings that are not numbers.
SweepFile read_sweep_file(const std::filesystem::path& file);
// The same for text from elsewhere; `origin` stands for the file in messages.
SweepFile read_sweep_text(std::string_view yaml, const std::string& origin);

}  // namespace revnet
