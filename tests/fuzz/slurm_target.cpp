#include <algorithm>

#include "fuzz/target.h"
#include "settings/slurm_settings.h"
#include "sweep/slurm.h"

namespace revnet::fuzz {
namespace {

// Tasks that were read, written and read again must be the same.
void check_tasks(const std::string& text) {
  std::vector<SlurmTask> tasks;
  if (!succeeds([&] { tasks = parse_tasks(text, "jobs"); })) return;
  std::string written;
  for (const SlurmTask& task : tasks) written += format_task(task);
  require(parse_tasks(written, "jobs") == tasks, "written tasks are read unchanged");
}

void check_queue(const std::string& text) {
  std::vector<QueueEntry> entries;
  if (!succeeds([&] { entries = parse_queue(text); })) return;
  require(entries.size() <= 1 + static_cast<std::size_t>(std::ranges::count(text, '\n')), "a line per entry");
  for (const QueueEntry& entry : entries) {
    require(entry.array_job >= 0 && entry.index >= 0, "ids are not negative");
    const std::string line = std::to_string(entry.index) + "|" + entry.state + "|" + entry.time_left + "|" +
                             entry.nodes + "|" + entry.reason + "|" + entry.name;
    require(text.find(line.substr(line.find('|'))) != std::string::npos,
            "the fields of an entry stand in one line");
    describe(entry);
  }
}

void check_accounting(const std::string& text) {
  std::vector<AccountingEntry> entries;
  if (!succeeds([&] { entries = parse_accounting(text); })) return;
  require(entries.size() <= 1 + static_cast<std::size_t>(std::ranges::count(text, '\n')), "a line per entry");
  for (const AccountingEntry& entry : entries) {
    require(entry.array_job >= 0 && entry.index >= 0, "ids are not negative");
    require(text.find("|" + entry.exit_code) != std::string::npos, "an exit code stands in a line");
    describe(entry);
  }
}

}  // namespace

void fuzz_slurm(Input input) {
  if (input.empty()) return;
  const std::string text = text_of(input.subspan(1));
  switch (input[0] % 6) {
    case 0:
      return check_tasks(text);
    case 1:
      return check_queue(text);
    case 2:
      return check_accounting(text);
    case 3: {
      std::int64_t id = 0;
      if (succeeds([&] { id = parse_submission(text); })) require(id >= 0, "a job's id is not negative");
      return;
    }
    case 4:
      return require(parse_array_limit(text).value_or(0) >= 0, "a limit is not negative");
    default:
      return require(slurm_seconds(text) >= -1, "a time limit is not negative");
  }
}

}  // namespace revnet::fuzz
