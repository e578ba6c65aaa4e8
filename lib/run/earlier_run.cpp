#include "run/earlier_run.h"

#include "base/error.h"
#include "record/checksums.h"
#include "run/extension.h"
#include "run/resumption.h"
#include "system/file_error.h"
#include "system/posix_file.h"
#include "train/setup.h"

namespace revnet {
bool has_begun(const std::filesystem::path& directory) {
  const RunFiles files(directory);
  for (const std::filesystem::path& file : {files.config(), files.run_log(), files.checkpoint()}) {
    std::error_code error;
    if (std::filesystem::exists(file, error)) return true;
    if (error) throw io_error("read", file, error.value());
  }
  return false;
}

Config settings_of_run(const std::filesystem::path& directory) {
  const RunFiles files(directory);
  if (!std::filesystem::exists(files.config())) {
    throw UsageError(
        "{} is missing: restore it from a copy, or start another run, from this one's weights if "
        "they were saved (--initialize-from {})",
        files.config().string(), files.checkpoint().string());
  }
  const std::string file = files.config().string(), text = read_text_file(file);
  if (!is_as_written(text)) {
    throw FileError(FileError::Kind::damaged,
                    "{} is damaged: its bytes are not those that were written; restore it from a copy or, if "
                    "you changed it yourself, remove its first line",
                    file);
  }
  if (text.empty()) {
    throw FileError(FileError::Kind::damaged, "{} is damaged: it is empty; restore it from a copy", file);
  }
  Config config;
  read_config_text(config, text, file);
  return config;
}

Config settings_of_checkpoint(const Checkpoint& checkpoint, const std::string& file) {
  Config config;
  read_config_text(config, checkpoint.config, file);
  return config;
}

Config settings_to_resume(const std::filesystem::path& directory,
                          const std::function<Config(Config)>& given) {
  const Config before = settings_of_run(directory);
  const std::string where = RunFiles(directory).config().string();
  // This check comes first, so that another network or data set is refused as such, not for a setting that it
  // cannot follow.
  check_same_network(given(before), before, where);
  Config now = resolve(given(before));
  const std::int64_t iterations = now.training.iterations;
  if (iterations > before.training.iterations) now = resolve(given(extended(before, iterations)));
  check_same_run(now, before, where);
  return now;
}

std::string fingerprint_beside(const std::filesystem::path& checkpoint) {
  std::filesystem::path folder = std::filesystem::absolute(checkpoint).parent_path();
  if (folder == RunFiles(folder.parent_path()).kept_checkpoints()) folder = folder.parent_path();
  const std::filesystem::path log = RunFiles(folder).run_log();
  if (!std::filesystem::exists(log)) return "";
  try {
    const RunInfo info = RunLog::open(log).info();
    return info.extra_or(dataset_fingerprint);
  } catch (const FileError&) {
    return "";  // a checkpoint can be evaluated without its log
  }
}

Checkpoint read_last_checkpoint(const RunFiles& files) {
  try {
    return read_checkpoint(files.checkpoint());
  } catch (const FileError& error) {
    if (error.kind() != FileError::Kind::damaged) throw;
    const std::filesystem::path whole = newest_whole_checkpoint(files.kept_checkpoints());
    if (whole.empty()) throw;
    throw FileError(error.kind(), "{}; {} is intact: copy it to {}", error.what(), whole.string(),
                    files.checkpoint().string());
  }
}

bool has_last_checkpoint(const RunFiles& files) {
  std::error_code error;
  if (std::filesystem::exists(files.checkpoint(), error)) return true;
  if (error) throw io_error("read", files.checkpoint(), error.value());
  const std::string lost = files.checkpoint().string() + " is missing";
  const std::filesystem::path whole = newest_whole_checkpoint(files.kept_checkpoints());
  // The first kept checkpoint, of iteration 0, is written before checkpoint.h5; a kill may come between them.
  if (!whole.empty() && read_checkpoint(whole).iteration > 0) {
    throw FileError(FileError::Kind::missing, "{}; {} is intact: copy it there and resume", lost,
                    whole.string());
  }
  if (!std::filesystem::exists(files.run_log())) return false;
  const RunLog log = RunLog::open(files.run_log());
  // A run saves a checkpoint before its first step.
  if (log.status() != RunStatus::running || !log.train().empty()) {
    throw FileError(FileError::Kind::missing,
                    "{}, but the run has begun: restore it from a copy, or start the run anew with --force",
                    lost);
  }
  return false;
}

std::optional<EarlierRun> read_earlier_run(const Config& config, const RunFiles& files) {
  if (!has_last_checkpoint(files)) return {};
  const std::string file = files.checkpoint().string();
  Checkpoint checkpoint = read_last_checkpoint(files);
  check_same_run(config, settings_of_checkpoint(checkpoint, file), file);
  std::error_code error;
  if (!std::filesystem::exists(files.run_log(), error) && !error) {
    throw FileError(FileError::Kind::missing,
                    "{} is missing: restore it from a copy, or start another run with this one's weights "
                    "(--initialize-from {})",
                    files.run_log().string(), file);
  }
  EarlierRun run{RunLog::open(files.run_log()), std::move(checkpoint), file};
  Config logged;
  read_config_text(logged, run.log.info().config, files.run_log().string());
  check_same_run(config, logged, files.run_log().string());
  return run;
}

std::optional<EarlierRun> find_earlier_run(const Config& config, const std::filesystem::path& directory) {
  RunDirectory::check(directory, RunStart::resume);
  return read_earlier_run(config, RunFiles(directory));
}

bool is_complete(const EarlierRun& run, const Config& config) {
  return run.log.status() == RunStatus::complete && run.checkpoint.iteration >= config.training.iterations;
}

}  // namespace revnet
