// RUN/: the files of one run, and the lock that keeps other processes out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "system/lock_file.h"

namespace revnet {

// The file names in a run directory. Readers that need no lock, such as reports, use only this.
class RunFiles {
 public:
  explicit RunFiles(std::filesystem::path directory);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path config() const { return directory_ / "config.yaml"; }
  std::filesystem::path run_log() const { return directory_ / "run.h5"; }
  std::filesystem::path messages() const { return directory_ / "run.log"; }
  std::filesystem::path checkpoint() const { return directory_ / "checkpoint.h5"; }
  std::filesystem::path metrics() const { return directory_ / "metrics.csv"; }
  // TensorBoard looks for such names in a folder (setting log.tensorboard).
  std::filesystem::path tensorboard() const { return directory_ / "tensorboard"; }
  std::filesystem::path events() const { return tensorboard() / "events.out.tfevents.revnet"; }
  // Kept checkpoints (setting checkpoint.keep), each as ITERATION.h5.
  std::filesystem::path kept_checkpoints() const { return directory_ / "checkpoints"; }
  std::filesystem::path kept_checkpoint(std::int64_t iteration) const {
    return kept_checkpoints() / (std::to_string(iteration) + ".h5");
  }
  // The checkpoint of the least evaluation error (checkpoint.keep_best).
  std::filesystem::path best_checkpoint() const { return directory_ / "best.h5"; }
  // Of revnet-compare gradient angle.
  std::filesystem::path angle() const { return directory_ / "angle.h5"; }
  std::filesystem::path lock() const { return directory_ / "run.lock"; }

 private:
  std::filesystem::path directory_;
};

enum class RunStart {
  fresh,      // refuse a directory that holds a run
  overwrite,  // replace an existing run
  resume,     // continue an existing run, or start one
};

// A run directory held by this process. While the object lives, take() throws InUseError for everyone else,
// even in this process. The lock is run.lock's.
class RunDirectory {
 public:
  // Takes the directory for a run that starts in this way, and makes it and its parents if they are missing.
  // A directory is free if it is empty, or if its run ended before it had anything to lose. One that holds a
  // run is refused, emptied of the run's files and nothing else, or taken as it is, even if the run ended
  // before its first checkpoint. One with other things and no run.h5, checkpoint.h5 or run.lock is refused
  // however the run starts, since a config.yaml or run.log may be anyone's. Throws UsageError.
  static RunDirectory take(const std::filesystem::path& directory, RunStart start);
  // Throws what take() would, and changes nothing.
  static void check(const std::filesystem::path& directory, RunStart start);

  const RunFiles& files() const { return files_; }

  // Make the folders if they are missing.
  void make_kept_checkpoints() const;
  void make_tensorboard() const;

 private:
  RunDirectory(RunFiles files, LockFile lock);

  RunFiles files_;
  LockFile lock_;
};

// Whether any process holds a RunDirectory there; false if there is no lock file.
bool is_in_use(const std::filesystem::path& directory);

}  // namespace revnet
