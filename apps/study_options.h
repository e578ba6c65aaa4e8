// The options of a study that trains: data set, settings and directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "run_options.h"
#include "setting_options.h"

namespace revnet {

class StudyOptions {
 public:
  // Declares the options, with runs/PREFIX-DATASET-ARCH-seedN as default directory. The object must outlive
  // the parse.
  StudyOptions(CLI::App& app, std::string prefix);

  struct Prepared {
    Config config;  // resolved
    std::filesystem::path directory;
    RunStart start = RunStart::fresh;
  };
  // With --resume, the settings come from the run in the subdirectory `run_in` ("." or "stored"), which has
  // `kept` activations whatever the options say. Without a data set on the command line, uses CIFAR-10 if it
  // is found, else the synthetic set with a notice on stderr. Throws UsageError.
  Prepared prepare(const std::string& run_in = ".",
                   std::optional<Config::Network::Activations> kept = std::nullopt) const;

  const RunOptions& run() const { return run_; }
  const SettingOptions& settings() const { return settings_; }

 private:
  std::string prefix_;
  SettingOptions settings_;
  RunOptions run_;
};

}  // namespace revnet
