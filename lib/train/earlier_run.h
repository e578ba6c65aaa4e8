// What earlier processes left of a run, and what a process that goes on with it may make of that. Nothing
// here changes a file or takes a lock.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "record/checkpoint.h"
#include "record/config.h"
#include "record/run_directory.h"
#include "record/run_log.h"

namespace revnet {

// Whether there is a run to resume. A kill in the first second leaves a folder without config.yaml: no run.
bool has_begun(const std::filesystem::path& directory);

// The settings that a run in this directory was given: what --resume starts from. UsageError when there is no
// run.
Config settings_of_run(const std::filesystem::path& directory);

// The settings in a checkpoint; `file` stands for it in messages.
Config settings_of_checkpoint(const Checkpoint& checkpoint, const std::string& file);

// The resolved settings with which the run there goes on: its own, with what is `given` laid over them. Where
// that makes it longer, the learning rate falls at the iterations where it did, unless it is given when.
// UsageError where a setting differs that must not.
Config settings_to_resume(const std::filesystem::path& directory, const std::function<Config(Config)>& given);

// The last checkpoint. Where it is damaged, the RecordError says which of those that were kept is not.
Checkpoint read_last_checkpoint(const RunFiles& files);

struct EarlierRun {
  RunLog log;
  Checkpoint checkpoint;
};
// What a run in this directory with resolved settings goes on with; none where nothing came as far as a
// checkpoint. Throws whatever refuses to go on, as far as the directory's files tell.
std::optional<EarlierRun> find_earlier_run(const Config& config, const std::filesystem::path& directory);
// Whether nothing is left to do, with these settings.
bool is_complete(const EarlierRun& run, const Config& config);

}  // namespace revnet
