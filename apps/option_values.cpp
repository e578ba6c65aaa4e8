#include "option_values.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "base/error.h"
#include "base/table.h"
#include "base/text.h"
#include "system/file_descriptor.h"

namespace revnet {
namespace {

// The choices are stored in the validator's name, which CLI11 does not use otherwise.
constexpr std::string_view prefix = "one of ";

}  // namespace

CLI::Validator choices(const std::vector<std::string>& values) {
  CLI::Validator validator;
  return values.empty() ? validator : validator.name(std::string(prefix) + join(values, " "));
}

CLI::Option* add_repeated_option(CLI::App& app, const std::string& key, std::vector<std::string>& values,
                                 const std::vector<std::string>& only) {
  const Setting& setting = *find_setting(key);
  return app.add_option(setting.option.name, values, only.empty() ? option_help(setting) : join(only))
      ->type_name(std::string(setting.option.value) + ",...")
      ->delimiter(',')
      ->check(only.empty() ? choices(setting.choices) : CLI::Validator(CLI::IsMember(only)))
      ->default_str(setting.yaml(Config{}))
      ->take_all()
      ->allow_extra_args(false)
      ->group(setting.group);
}

CLI::Validator choices_of_assignments() {
  std::vector<std::string> values;
  for (const Setting& setting : settings()) {
    for (const std::string& choice : setting.choices) values.push_back(setting.key + "=" + choice);
    if (setting.choices.empty()) values.push_back(setting.key + "=");
  }
  return choices(values);
}

std::string option_help(const Setting& setting) {
  const bool says_all = std::ranges::all_of(setting.choices, [&](const std::string& choice) {
    return setting.help.find(choice) != std::string::npos;
  });
  constexpr std::size_t most = 8;  // choices that fit into a line
  return says_all || setting.choices.size() > most ? setting.help
                                                   : setting.help + ": " + join(setting.choices);
}

std::vector<std::string> declared_choices(CLI::Option& option) {
  for (int i = 0;; ++i) {
    const CLI::Validator* validator = nullptr;
    try {
      validator = option.get_validator(i);
    } catch (const CLI::OptionNotFound&) {
      return {};  // CLI11 has no other way to find the last validator
    }
    const std::string name = validator->get_name(), description = validator->get_description();
    if (name.starts_with(prefix)) return split(name.substr(prefix.size()), ' ');
    // CLI::IsMember describes itself as {a,b}.
    if (description.starts_with('{') && description.ends_with('}')) {
      return split(description.substr(1, description.size() - 2), ',');
    }
  }
}

void check_output(const std::filesystem::path& file, const std::string& option, const std::string& ending) {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::file_status status = fs::status(file, none);
  const fs::path folder = file.parent_path();
  if (!folder.empty() && !fs::is_directory(folder, none)) {
    throw UsageError("{}: {} is not a folder; create it or name another file", option, folder.string());
  }
  if (file.empty() || (fs::exists(status) && !fs::is_regular_file(status))) {
    throw UsageError("{}: {} is not a regular file", option, in_quotes(file.string()));
  }
  if (!file.string().ends_with(ending)) {
    throw UsageError("{}: the name {} must end in {}", option, in_quotes(file.string()), ending);
  }
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
    throw Error(file_failure("write", file, errno));
  }
}

void add_format_option(CLI::App& app, std::string& format) {
  app.add_option("--format", format, "format of the tables: " + join(table_format_names()))
      ->type_name("FORMAT")
      ->check(choices(table_format_names()))
      ->capture_default_str();
}

}  // namespace revnet
