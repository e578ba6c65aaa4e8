// The state in which earlier processes left a run, and the settings with which a new process may resume it.
// Nothing here changes a file or takes a lock.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "record/checkpoint.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "settings/config.h"

namespace revnet {

// Returns whether the directory holds config.yaml, run.h5 or checkpoint.h5, so that there is a run to resume.
// A process killed in its first second leaves a directory without them.
bool has_begun(const std::filesystem::path& directory);

// Reads the settings of the run in this directory, from which --resume starts. Throws UsageError if
// config.yaml is missing.
Config settings_of_run(const std::filesystem::path& directory);

// Reads the settings in a checkpoint; `file` names it in messages.
Config settings_of_checkpoint(const Checkpoint& checkpoint, const std::string& file);

// Returns the resolved settings with which the run in this directory resumes: its own, overridden by those
// `given`. If they make the run longer, the learning rate keeps dropping at the same iterations unless
// training.decay_at is given. Throws UsageError if a setting differs that must not.
Config settings_to_resume(const std::filesystem::path& directory, const std::function<Config(Config)>& given);

// Returns the attribute dataset_fingerprint of the run.h5 of a checkpoint's run directory; "" if there is
// none, or if that file cannot be read.
std::string fingerprint_beside(const std::filesystem::path& checkpoint);

// Reads the last checkpoint. If it is damaged, the FileError names a kept checkpoint that is intact.
Checkpoint read_last_checkpoint(const RunFiles& files);

// Returns whether the run has its last checkpoint. A run without one starts over, so this throws a
// FileError if a run had one and lost it: if it has ended, has a row in its log, or has kept a later
// checkpoint than its first.
bool has_last_checkpoint(const RunFiles& files);

struct EarlierRun {
  RunLog log;
  Checkpoint checkpoint;
  std::string checkpoint_file;  // for messages
};
// Returns the run of these files, if it has a checkpoint. Throws UsageError if the checkpoint or the log has
// settings with which these resolved ones may not resume, and FileError if one of them is missing or damaged.
std::optional<EarlierRun> read_earlier_run(const Config& config, const RunFiles& files);
// The same before a process holds the directory. Also throws what opening it there would throw.
std::optional<EarlierRun> find_earlier_run(const Config& config, const std::filesystem::path& directory);
// Returns whether the run is complete under these settings.
bool is_complete(const EarlierRun& run, const Config& config);

}  // namespace revnet
