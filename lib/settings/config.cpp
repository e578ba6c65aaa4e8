#include "settings/config.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// Bypasses the YAML parser: a value on the command line is taken literally, whatever # or : it contains.
WrittenValue written_on_one_line(const Setting& setting, std::string_view text) {
  WrittenValue value;
  if (!setting.is_list()) {
    value.items.emplace_back(text);
    return value;
  }
  value.list = true;
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = trimmed(text.substr(1, text.size() - 2));
    if (text.empty()) return value;
  }
  while (true) {
    const std::size_t comma = text.find(',');
    value.items.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return value;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool has_photographs(const Config& config) {
  using enum Config::Dataset::Name;
  return config.dataset.name == imagenet || config.dataset.name == images;
}

void set_value(Config& config, std::string_view key, std::string_view value, const std::string& origin) {
  const Setting& setting = known_setting(key, origin);
  setting.assign(config, written_on_one_line(setting, value), origin);
}

std::string_view assigned_key(std::string_view assignment) {
  return trimmed(assignment.substr(0, assignment.find('=')));
}

void apply(Config& config, std::string_view assignment, const std::string& origin) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    throw UsageError("{}: {} is not of the form key.path=value", origin, in_quotes(assignment));
  }
  set_value(config, assigned_key(assignment), trimmed(assignment.substr(equals + 1)), origin);
}

void apply_environment(Config& config, const std::function<const char*(const char*)>& get) {
  Config result = config;
  for (const Setting& setting : settings()) {
    const std::string& variable = setting.option.environment;
    const char* value = variable.empty() ? nullptr : get(variable.c_str());
    if (value == nullptr || *value == '\0') continue;
    set_value(result, setting.key, value, variable);
  }
  config = result;
}

std::string network_name(const Config::Network& network) {
  Config config;
  config.network = network;
  std::string text = network.architecture;
  for (const Setting& setting : settings()) {
    if (!setting.describes_network() || setting.yaml(config) == setting.yaml(Config{})) continue;
    std::string value = setting.yaml(config);  // "[5, 5, 5]" of a list
    std::erase_if(value, [](char c) { return c == '[' || c == ']' || c == ' '; });
    std::ranges::replace(value, ',', '-');
    text += fmt::format("+{}={}", setting.leaf(), value);
  }
  return text;
}

std::filesystem::path default_run_directory(const Config& config) {
  return fmt::format("runs/{}-{}-seed{}", name(config.dataset.name), network_name(config.network),
                     config.training.seed);
}

std::string to_yaml(const Config& config) {
  std::string text, open_section;
  for (const Setting& setting : settings()) {
    const std::string section = setting.section();
    if (section != open_section) text += section + ":\n";
    open_section = section;
    text += (section.empty() ? "" : "  ") + setting.leaf() + ": " + setting.yaml(config) + "\n";
  }
  return text;
}

std::string value_of(const Config& config, std::string_view key) {
  return known_setting(key, "settings").yaml(config);
}

std::vector<SettingDifference> differences(const Config& left, const Config& right) {
  std::vector<SettingDifference> list;
  for (const Setting& setting : settings()) {
    const std::string a = setting.yaml(left), b = setting.yaml(right);
    if (a != b) list.push_back({setting.key, a, b});
  }
  return list;
}

}  // namespace revnet
