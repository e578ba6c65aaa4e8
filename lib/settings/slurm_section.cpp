#include "settings/slurm_section.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <regex>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {
namespace {

struct TextKey {
  const char* name;
  std::string SlurmSettings::*field;
};
constexpr TextKey text_keys[] = {{"partition", &SlurmSettings::partition},
                                 {"account", &SlurmSettings::account},
                                 {"time", &SlurmSettings::time},
                                 {"mpi", &SlurmSettings::mpi}};

struct NumberKey {
  const char* name = nullptr;
  std::int64_t SlurmSettings::*field = nullptr;
  std::int64_t most = 1'000'000;
};
constexpr NumberKey number_keys[] = {{"cpus_per_task", &SlurmSettings::cpus_per_task},
                                     {"nodes", &SlurmSettings::nodes},
                                     {"tasks", &SlurmSettings::tasks},
                                     {"signal_seconds", &SlurmSettings::signal_seconds, 65'535},
                                     {"array_limit", &SlurmSettings::array_limit},
                                     {"running_limit", &SlurmSettings::running_limit},
                                     {"max_tries", &SlurmSettings::max_tries}};

class SectionReader {
 public:
  explicit SectionReader(const NodeReader& nodes) : nodes_(nodes) {}

  SlurmSettings read(const YAML::Node& section) {
    YAML::Node time;
    nodes_.each(section, "sweep.slurm", [&](const YAML::Node& key, const YAML::Node& value) {
      read_entry(key, value);
      if (key.Scalar() == "time") time.reset(key);
    });
    if (settings_.tasks < settings_.nodes) {
      throw UsageError(nodes_.where(section) + ": sweep.slurm: fewer tasks than nodes");
    }
    const std::int64_t limit = slurm_seconds(settings_.time);
    if (limit >= 0 && settings_.signal_seconds >= limit) {
      throw UsageError(
          "{}: sweep.slurm.time: a limit of {} does not exceed signal_seconds, the {} seconds "
          "before it in which a job is asked to stop",
          nodes_.where(time), settings_.time, settings_.signal_seconds);
    }
    return settings_;
  }

 private:
  void read_entry(const YAML::Node& key, const YAML::Node& value) {
    const std::string& name = key.Scalar();
    for (const TextKey& text : text_keys) {
      if (name == text.name) return void(settings_.*text.field = word(key, value));
    }
    for (const NumberKey& number : number_keys) {
      if (name == number.name) return void(settings_.*number.field = integer(key, value, number.most));
    }
    if (name == "memory") {
      settings_.memory_bytes = parse_bytes(nodes_.scalar(value, key), at(key));
    } else if (name == "extra_lines") {
      read_lines(key, value);
    } else {
      nodes_.refuse(key, "sweep.slurm", allowed());
    }
  }

  static std::vector<std::string> allowed() {
    std::vector<std::string> names;
    for (const TextKey& key : text_keys) names.emplace_back(key.name);
    for (const NumberKey& key : number_keys) names.emplace_back(key.name);
    names.insert(names.end(), {"memory", "extra_lines"});
    return names;
  }

  std::string at(const YAML::Node& key) const {
    return fmt::format("{}: sweep.slurm.{}", nodes_.where(key), key.Scalar());
  }

  // A value that can follow an option of sbatch without quoting.
  std::string word(const YAML::Node& key, const YAML::Node& value) const {
    std::string text = nodes_.scalar(value, key);
    const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("_-.,:+@/").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain) throw UsageError("{}: {} is not one plain word", at(key), in_quotes(text));
    if (key.Scalar() == "time" && slurm_seconds(text) <= 0) {
      throw UsageError(
          "{}: {} is not a time limit; allowed: minutes, hours:minutes:seconds (in quotes), days-hours",
          at(key), in_quotes(text));
    }
    return text;
  }

  std::int64_t integer(const YAML::Node& key, const YAML::Node& value, std::int64_t most) const {
    const std::string text = nodes_.scalar(value, key);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > most) {
      throw UsageError("{}: {} is not an integer from 1 to {}", at(key), in_quotes(text), most);
    }
    return number;
  }

  void read_lines(const YAML::Node& key, const YAML::Node& value) {
    if (!value.IsSequence()) throw UsageError(at(key) + ": expected a list of lines");
    for (const YAML::Node& item : value) {
      const std::string line = nodes_.scalar(item, key);
      if (line.find('\n') != std::string::npos) throw UsageError(at(key) + ": an entry has several lines");
      settings_.extra_lines.push_back(line);
    }
  }

  const NodeReader& nodes_;
  SlurmSettings settings_;
};

}  // namespace

std::int64_t slurm_seconds(const std::string& time) {
  static const std::regex clock("(\\d{1,6})(?::(\\d{1,4}))?(?::(\\d{1,4}))?"),
      days("(\\d{1,6})-(\\d{1,4})(?::(\\d{1,4}))?(?::(\\d{1,4}))?");
  std::smatch match;
  const auto number = [&](std::size_t group) {
    return match[group].matched ? std::stoll(match[group].str()) : 0LL;
  };
  if (std::regex_match(time, match, days)) {
    return ((number(1) * 24 + number(2)) * 60 + number(3)) * 60 + number(4);
  }
  if (!std::regex_match(time, match, clock)) return -1;
  if (match[3].matched) return (number(1) * 60 + number(2)) * 60 + number(3);
  return number(1) * 60 + number(2);
}

SlurmSettings read_slurm_section(const YAML::Node& section, const NodeReader& nodes) {
  return SectionReader(nodes).read(section);
}

}  // namespace revnet
