// An experiment file with a section `sweep`: many runs from one file. Without the section it is an experiment
// of one run; revnet-train --config reads the settings around the section and leaves the section alone.
//
//     name: batch-sweep
//     training: {iterations: 300}
//     sweep:
//       grid:                                     # every combination, the last key varying fastest
//         network.architecture: [resnet32, revnet38]
//         training.batch: [16, 32, 64]
//       exclude:                                  # combinations that have all of an entry's values
//         - {network.architecture: revnet38, training.batch: 16}
//       include:                                  # further runs
//         - {network.architecture: revnet110, training.batch: 100}
//       rules:                                    # settings that follow others
//         - {set: training.learning_rate, proportional_to: training.batch, at: 100}
//       slurm: {time: "2:00:00", cpus_per_task: 16}   # for --launcher slurm; see record/slurm_settings.h
//
// A list in a grid's list is one value of a setting that is a list itself (training.decay_at: [[0.5], [0.25,
// 0.5]]).
//
// A rule: where `proportional_to` has the value `at`, the setting is as the file says; elsewhere it is
// multiplied by (value / at) ^ power; power is 1 unless given. A run that is given the setting itself keeps
// it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "record/config.h"
#include "record/slurm_settings.h"

namespace revnet {

struct SweepFile {
  struct Axis {
    std::string key;
    std::vector<std::string> values;  // as written
  };
  using Assignments = std::vector<std::pair<std::string, std::string>>;  // key and value as written
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

// UsageError, with file and line, for unknown keys, values that a setting cannot have, and rules over
// settings that are no numbers.
SweepFile read_sweep_file(const std::filesystem::path& file);
// The same for text from elsewhere; origin stands for the file in messages.
SweepFile read_sweep_text(std::string_view yaml, const std::string& origin);

}  // namespace revnet
