// The options of a study that trains: dataset, settings, and the directory it is recorded in.
#pragma once

#include <filesystem>
#include <string>

#include "run_options.h"
#include "training_options.h"

namespace revnet {

class StudyOptions {
 public:
  // Declares them; must outlive the parse. prefix: the default directory is runs/PREFIX-DATASET-ARCH-seedN.
  StudyOptions(CLI::App& app, std::string prefix);

  struct Prepared {
    Config config;  // resolved
    std::filesystem::path directory;
    RunStart start;
  };
  // run_in: where in the directory a run lies whose settings --resume goes on with ("." or "stored"). Without
  // a dataset, CIFAR-10 is taken if it is there, else the synthetic set, with a notice on stderr. UsageError.
  Prepared prepare(const std::string& run_in = ".") const;

  const RunOptions& run() const { return run_; }
  const TrainingOptions& training() const { return training_; }

 private:
  std::string prefix_;
  TrainingOptions training_;
  RunOptions run_;
  CLI::Option* dataset_;  // the app's
};

}  // namespace revnet
