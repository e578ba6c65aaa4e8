#include "record/run_directory.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "system/posix_file.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

// All files that belong to a run, except the lock, which outlives an overwritten run. Kept checkpoints are
// listed one by one, since their folder stays.
std::vector<fs::path> removable(const RunFiles& files) {
  std::vector<fs::path> list;
  for (const fs::path& file : {files.config(), files.messages(), files.run_log(), files.checkpoint(),
                               files.best_checkpoint(), files.metrics(), files.events(), files.angle()}) {
    list.push_back(file);
    list.push_back(temporary_path(file));
  }
  std::error_code error;
  for (fs::directory_iterator entry(files.kept_checkpoints(), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    const fs::path kept = files.kept_checkpoints() / (name.substr(0, digits) + ".h5");
    if (digits > 0 && (entry->path() == kept || entry->path() == temporary_path(kept))) {
      list.push_back(entry->path());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw io_error("read the folder", files.kept_checkpoints(), error.value());
  }
  return list;
}

// What a directory holds, as far as a new run must know.
struct Contents {
  bool run = false;      // run.h5 or checkpoint.h5, which no other program writes
  bool lock = false;     // run.lock: left by a run, or by one that failed before its first file
  bool kept = false;     // best.h5, angle.h5 or a kept checkpoint of a state that took training
  bool ours = false;     // any other file name of a run
  std::string stranger;  // the first name that does not belong to a run
};

Contents look_into(const RunFiles& files) {
  Contents contents;
  std::error_code unknown;
  if (fs::is_regular_file(files.directory(), unknown)) {
    throw UsageError("{} is a file, not a folder; choose another --run-dir", files.directory().string());
  }
  std::set<std::string> ours{files.kept_checkpoints().filename(), files.tensorboard().filename()}, strangers;
  std::error_code none;
  for (const fs::path& file : removable(files)) {
    ours.insert(file.filename().string());
    const bool took_training =
        file == files.best_checkpoint() || file == files.angle() ||
        (file.parent_path() == files.kept_checkpoints() && file != files.kept_checkpoint(0));
    if (took_training && file.extension() == ".h5" && fs::exists(file, none)) contents.kept = true;
  }
  std::error_code error;
  for (fs::directory_iterator entry(files.directory(), error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename() == files.lock().filename()) {
      contents.lock = true;
    } else if (path.filename() == files.run_log().filename() ||
               path.filename() == files.checkpoint().filename()) {
      contents.run = true;
    } else if (ours.count(path.filename().string()) > 0) {
      contents.ours = true;
    } else {
      strangers.insert(path.filename().string());
    }
  }
  if (error) throw io_error("read the folder", files.directory(), error.value());
  if (!strangers.empty()) contents.stranger = *strangers.begin();
  return contents;
}

// Whether a run has moved in, if only so far as to take the lock.
bool holds_run(const RunFiles& files) {
  std::error_code error;
  if (!fs::exists(files.directory(), error)) return false;
  const Contents contents = look_into(files);
  return contents.run || contents.lock;
}

void check_room(const RunFiles& files, bool overwrite) {
  const Contents contents = look_into(files);
  const std::string directory = files.directory().string();
  if (!contents.run && !contents.lock && (contents.ours || !contents.stranger.empty())) {
    const std::string held = contents.stranger.empty() ? "some files of a run" : in_quotes(contents.stranger);
    throw UsageError("{} is not a run directory (it holds {} but no run.h5); choose another folder",
                     directory, held);
  }
  // A lock without any of these comes from a run that ended before it had anything to lose.
  if (!overwrite && (contents.run || contents.kept || !contents.stranger.empty())) {
    throw UsageError(directory + " already holds a run; use --resume to continue it or --force to overwrite");
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) throw io_error("make the folder", folder, error.value());
}

}  // namespace

RunFiles::RunFiles(fs::path directory) : directory_(std::move(directory)) {}

RunDirectory::RunDirectory(RunFiles files, LockFile lock)
    : files_(std::move(files)), lock_(std::move(lock)) {}

RunDirectory RunDirectory::take(const fs::path& directory, RunStart start) {
  RunFiles files(directory);
  if (start == RunStart::resume && holds_run(files)) {
    LockFile lock(files.lock(), files.directory().string());
    return {std::move(files), std::move(lock)};
  }
  make_folders(directory);
  // Checked before locking, to leave no lock file in a folder that is not a run's, and again under the lock,
  // because a run may have come and gone in between. If a lock file exists, its holder is the more important
  // news.
  const bool overwrite = start == RunStart::overwrite;
  if (!look_into(files).lock) check_room(files, overwrite);
  LockFile lock(files.lock(), files.directory().string());
  check_room(files, overwrite);
  for (const fs::path& file : removable(files)) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw io_error("remove", file, errno);
  }
  return {std::move(files), std::move(lock)};
}

void RunDirectory::check(const fs::path& directory, RunStart start) {
  const RunFiles files(directory);
  std::error_code error;
  if (!fs::exists(directory, error)) return;
  const bool held = holds_run(files);
  if (held) LockFile::check_free(files.lock(), directory.string());
  if (!held || start != RunStart::resume) check_room(files, start == RunStart::overwrite);
}

void RunDirectory::make_kept_checkpoints() const {
  make_folder(files_.kept_checkpoints());
}

void RunDirectory::make_tensorboard() const {
  make_folder(files_.tensorboard());
}

bool is_in_use(const std::filesystem::path& directory) {
  return LockFile::is_held(RunFiles(directory).lock());
}

}  // namespace revnet
