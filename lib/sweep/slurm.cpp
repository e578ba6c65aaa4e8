#include "sweep/slurm.h"

#include <cctype>
#include <charconv>
#include <functional>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {
namespace {

void each_line(std::string_view text, const std::function<void(const std::string&)>& visit) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) visit(line);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string slurm_job_name(const std::filesystem::path& sweep) {
  const std::filesystem::path path = std::filesystem::absolute(sweep).lexically_normal();
  const std::string name =
      file_name_of((path.has_filename() ? path : path.parent_path()).filename().string());
  return name.empty() ? "sweep" : name;
}

std::string format_task(const SlurmTask& task) {
  return fmt::format("{}\t{}\t{}\n", task.array_job, task.index, task.job);
}

std::vector<SlurmTask> parse_tasks(std::string_view text, const std::string& origin) {
  std::vector<SlurmTask> tasks;
  std::size_t count = 0;
  each_line(text, [&](const std::string& line) {
    ++count;
    const std::vector<std::string> parts = split(line, '\t');
    const auto id = number(parts[0]), index = parts.size() == 3 ? number(parts[1]) : std::nullopt;
    if (!id || !index) {
      throw Error(
          "{}:{}: not a line of array job, index and job; remove the file if no job of the sweep is queued",
          origin, count);
    }
    tasks.push_back({*id, *index, parts[2]});
  });
  return tasks;
}

std::vector<QueueEntry> parse_queue(std::string_view text) {
  std::vector<QueueEntry> entries;
  each_line(text, [&](const std::string& line) {
    const std::vector<std::string> parts = split(line, '|');
    if (parts.size() < 7)
      throw Error("squeue printed a line that revnet does not understand: " + in_quotes(line));
    const auto id = number(parts[0]), index = number(parts[1]);
    // Jobs of other programs may have a | in their names; a sweep's do not.
    if (id && index && parts.size() == 7) {
      entries.push_back({*id, *index, parts[2], parts[3], parts[4], parts[5], parts[6]});
    }
  });
  return entries;
}

std::string describe(const QueueEntry& entry) {
  if (entry.state == "RUNNING")
    return fmt::format("running on {}, {} to its limit", entry.nodes, entry.time_left);
  const bool has_reason = !entry.reason.empty() && entry.reason != "None";
  return has_reason ? fmt::format("{} ({})", lower(entry.state), entry.reason) : lower(entry.state);
}

std::vector<AccountingEntry> parse_accounting(std::string_view text) {
  std::vector<AccountingEntry> entries;
  each_line(text, [&](const std::string& line) {
    const std::vector<std::string> parts = split(line, '|');
    if (parts.size() < 4)
      throw Error("sacct printed a line that revnet does not understand: " + in_quotes(line));
    const std::size_t underline = parts[0].find('_');
    if (underline == std::string::npos) return;
    const auto id = number(parts[0].substr(0, underline)), index = number(parts[0].substr(underline + 1));
    // Shortens "CANCELLED by 1000" to its first word.
    if (id && index) {
      entries.push_back({*id, *index, parts[1].substr(0, parts[1].find(' ')), parts[2], parts[3]});
    }
  });
  return entries;
}

std::string describe(const AccountingEntry& entry) {
  const bool plain = entry.exit_code.empty() || entry.exit_code == "0:0";
  return plain ? lower(entry.state) : fmt::format("{} (exit code {})", lower(entry.state), entry.exit_code);
}

std::int64_t parse_submission(std::string_view text) {
  const std::string line(text.substr(0, text.find_first_of(";\n")));
  const auto id = number(line);
  if (!id) throw Error("sbatch did not print a job id but: " + in_quotes(text.substr(0, text.find('\n'))));
  return *id;
}

std::optional<std::int64_t> parse_array_limit(std::string_view text) {
  std::optional<std::int64_t> limit;
  each_line(text, [&](const std::string& line) {
    std::istringstream words(line);
    std::string key, equals, value;
    if (words >> key >> equals >> value && key == "MaxArraySize" && equals == "=") limit = number(value);
  });
  return limit;
}

}  // namespace revnet
