#include "report/run_record.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "record/run_directory.h"

namespace revnet {
namespace {

// Of the changes that a log lists, those that change more than the rounding of sums.
std::string weighty_changes(const std::string& list, bool ranks_matter) {
  std::vector<std::string> weighty;
  for (std::string change : split(list, ';')) {
    if (change.starts_with(' ')) change.erase(0, 1);
    if (change.starts_with("data set ") || change.starts_with("training.iterations ") ||
        change.starts_with("training.decay_at ") || (ranks_matter && change.starts_with("ranks "))) {
      weighty.push_back(change);
    }
  }
  return join(weighty, "; ");
}

}  // namespace

RunRecord read_run(const std::filesystem::path& directory) {
  const std::filesystem::path file = RunFiles(directory).run_log();
  const RunLog log = RunLog::open(file);
  RunRecord record;
  record.directory = directory;
  read_config_text(record.config, log.info().config, file.string());
  const RunInfo& info = log.info();
  record.images = info.extra_or(dataset_fingerprint);
  const bool local = info.extra_or("batch_norm", "local") == "local";
  if (local && info.extra_or("ranks", "1") != "1") record.ranks = info.extra_or("ranks");
  record.changes = weighty_changes(info.extra_or(changed_on_resume), local);
  record.cpu = info.cpu;
  record.status = log.status();
  // A process that was killed could not update its log, and one that resumes has not updated it yet.
  if (is_in_use(directory)) {
    record.status = RunStatus::running;
  } else if (record.status == RunStatus::running) {
    record.status = RunStatus::interrupted;
  }
  record.train = log.train();
  record.eval = log.eval();
  record.eval_average = log.eval_average();
  record.images_per_second = log.median_images_per_second(record.config.training.batch);
  record.seconds = log.seconds();
  record.measured_angle = std::filesystem::exists(RunFiles(directory).angle());
  if (record.measured_angle) return record;
  record.saved_bytes = log.bytes_of("saved_activations");
  record.peak_bytes = log.bytes_of("peak");
  record.resident_bytes = log.bytes_of("resident");
  return record;
}

void fill_in_images(std::vector<RunRecord>& runs) {
  std::map<Config::Dataset::Name, std::set<std::string>> known;
  for (const RunRecord& run : runs) {
    if (!run.images.empty()) known[run.config.dataset.name].insert(run.images);
  }
  for (RunRecord& run : runs) {
    const std::set<std::string>& images = known[run.config.dataset.name];
    if (run.images.empty() && images.size() == 1) run.images = *images.begin();
  }
}

std::vector<std::filesystem::path> find_runs(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> runs;
  for (const std::filesystem::path& given : folders) {
    // One spelling for each folder, so that a run counts once.
    const std::filesystem::path normal = given.lexically_normal();
    const std::filesystem::path folder = normal.has_filename() ? normal : normal.parent_path();
    const std::size_t before = runs.size();
    std::error_code error;
    const auto is_run = [&](const std::filesystem::path& place) {
      return std::filesystem::exists(RunFiles(place).run_log(), error);
    };
    if (is_run(folder)) runs.push_back(folder);
    for (std::filesystem::recursive_directory_iterator entry(folder, error), end; !error && entry != end;) {
      std::error_code unknown;  // such as a link to itself, which is no run
      if (entry->is_directory(unknown) && is_run(entry->path())) runs.push_back(entry->path());
      if (!error) entry.increment(error);
    }
    if (error && std::filesystem::is_directory(folder)) {
      throw Error("{}: a folder there cannot be read ({}), so runs would be missing; check its permissions",
                  folder.string(), error.message());
    }
    if (runs.size() == before) {
      throw UsageError(folder.string() + ": no run there (a folder with run.h5, or folders of runs)");
    }
  }
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

}  // namespace revnet
