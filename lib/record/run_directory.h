// RUN/: the files of one run, and the lock that keeps a second process out of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "record/config.h"
#include "system/lock_file.h"

namespace revnet {

// The names in a run directory; readers that need no lock (reports) use this alone.
class RunFiles {
 public:
  explicit RunFiles(std::filesystem::path directory);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path config() const { return directory_ / "config.yaml"; }
  std::filesystem::path text_log() const { return directory_ / "run.log"; }
  std::filesystem::path run_log() const { return directory_ / "run.h5"; }
  std::filesystem::path checkpoint() const { return directory_ / "checkpoint.h5"; }
  std::filesystem::path metrics() const { return directory_ / "metrics.csv"; }
  // For TensorBoard, which looks for such names in a folder (log.tensorboard).
  std::filesystem::path tensorboard() const { return directory_ / "tensorboard"; }
  std::filesystem::path events() const { return tensorboard() / "events.out.tfevents.revnet"; }
  // Checkpoints that are kept (checkpoint.keep), each as ITERATION.h5.
  std::filesystem::path kept_checkpoints() const { return directory_ / "checkpoints"; }
  std::filesystem::path kept_checkpoint(std::int64_t iteration) const {
    return kept_checkpoints() / (std::to_string(iteration) + ".h5");
  }
  std::filesystem::path lock() const { return directory_ / "run.lock"; }

 private:
  std::filesystem::path directory_;
};

// A run directory held by this process: while the object lives, create and open fail for everybody else, in
// this process too (InUseError). The lock is run.lock's.
class RunDirectory {
 public:
  // Makes the directory, parents too, or takes an empty one.
  // A directory that holds a run: UsageError, or with overwrite our own files in it are removed and nothing
  // else. A directory that holds other things and no run.h5, checkpoint.h5 or run.lock: UsageError, overwrite
  // or not (a config.yaml or run.log may be anybody's).
  static RunDirectory create(const std::filesystem::path& directory, bool overwrite);
  // Takes a directory that holds a run, to go on with it, even one that ended before its first checkpoint;
  // UsageError when there is none.
  static RunDirectory open(const std::filesystem::path& directory);

  const RunFiles& files() const { return files_; }
  bool has_checkpoint() const;
  // Make the folders where there are none.
  void make_kept_checkpoints() const;
  void make_tensorboard() const;

 private:
  RunDirectory(RunFiles files, LockFile lock);

  RunFiles files_;
  LockFile lock_;
};

// Whether some process holds a RunDirectory there. False where there is none.
bool is_in_use(const std::filesystem::path& directory);

// runs/DATASET-ARCH-seedN, where revnet-train puts a run unless it is told otherwise.
std::filesystem::path default_run_directory(const Config& config);

// Replaces the file in one step and syncs it to the disk; on failure (RecordError) the old one is untouched.
void write_text_file_atomically(const std::filesystem::path& file, std::string_view text);

}  // namespace revnet
