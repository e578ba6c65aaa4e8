#include "command_description.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "man_page.h"
#include "option_values.h"
#include "shell_completion.h"

namespace revnet {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (names.empty()) names.push_back(option.get_name(true));
  return names;
}

ValueKind kind_of(const OptionDescription& option, bool takes_value) {
  if (!takes_value) return ValueKind::none;
  if (!option.choices.empty()) return ValueKind::choice;
  if (option.type.starts_with("FILE")) return ValueKind::file;
  if (option.type.starts_with("DIR") || option.type.starts_with("RUN")) return ValueKind::directory;
  return ValueKind::text;
}

OptionDescription describe(CLI::App& app, CLI::Option& option) {
  OptionDescription described;
  const bool takes_value = option.get_items_expected_max() > 0;
  described.names = names_of(option);
  if (takes_value) {
    const std::string type = option.get_type_name();
    described.type = type.substr(0, type.find(':'));  // limits of a number follow
    described.default_value = option.get_default_str();
  }
  described.help = option.get_description();
  described.group = option.get_group();
  described.choices = declared_choices(option);
  described.kind = kind_of(described, takes_value);
  for (const CLI::Option* other : option.get_excludes()) {
    for (const std::string& name : names_of(*other)) described.excludes.push_back(name);
  }
  std::sort(described.excludes.begin(), described.excludes.end());  // CLI11 keeps them by address
  described.required = option.get_required();
  described.repeated = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
  described.ends = &option == app.get_help_ptr() || &option == app.get_version_ptr();
  return described;
}

// A line that is not indented and opens with "Title:" begins a section; the rest of it belongs there.
std::vector<FooterSection> sections_of(const std::string& footer) {
  std::vector<FooterSection> sections;
  std::istringstream in(footer);
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (!line.starts_with(' ')) {
      const std::size_t colon = std::min(line.find(':'), line.size());
      const std::string before = line.substr(0, colon);
      const bool titled = colon < line.size() && std::count(before.begin(), before.end(), ' ') < 2;
      sections.push_back({titled ? before : "", {}});
      line.erase(0, titled ? line.find_first_not_of(' ', colon + 1) : 0);
    }
    if (sections.empty()) sections.emplace_back();
    if (!line.empty()) sections.back().lines.push_back(line);
  }
  return sections;
}

CommandDescription describe(CLI::App& app, const std::string& parents) {
  CommandDescription command;
  command.name = app.get_name();
  command.path = parents + command.name;
  command.help = app.get_description();
  for (const std::string& group : app.get_groups()) {
    if (group.empty()) continue;
    for (CLI::Option* option : app.get_options()) {
      if (option->get_group() != group) continue;
      (option->get_positional() ? command.positionals : command.options).push_back(describe(app, *option));
    }
  }
  for (CLI::App* subcommand : app.get_subcommands({})) {
    if (subcommand->get_group().empty()) continue;
    command.subcommands.push_back(describe(*subcommand, command.path + " "));
  }
  return command;
}

}  // namespace

CommandDescription describe(CLI::App& app) {
  CommandDescription command = describe(app, "");
  command.footer = sections_of(app.get_footer());
  return command;
}

const std::vector<std::string>& description_formats() {
  static const std::vector<std::string> formats{"bash", "zsh", "man"};
  return formats;
}

std::string described(CLI::App& app, const std::string& format) {
  if (format == "bash") return bash_completion(describe(app));
  if (format == "zsh") return zsh_completion(describe(app));
  if (format == "man") return man_page(describe(app));
  throw UsageError("--describe: '{}' is not one of {}", format, join(description_formats()));
}

}  // namespace revnet
