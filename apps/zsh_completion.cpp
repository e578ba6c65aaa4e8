#include <sstream>

#include "base/text.h"
#include "shell_completion.h"

namespace revnet {
namespace {

// A backslash before each of these characters.
std::string escaped(const std::string& text, const std::string& characters) {
  std::string result;
  for (const char c : text) {
    if (characters.find(c) != std::string::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string in_quotes(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

// What _arguments calls for a value.
std::string action(const OptionDescription& option) {
  if (option.kind == ValueKind::file) return "_files";
  if (option.kind == ValueKind::directory) return "_files -/";
  if (option.choices.empty()) return " ";
  for (const std::string& choice : option.choices) {
    // KEY= is to be gone on with.
    if (choice.ends_with('=')) return "compadd -S '' - " + join(option.choices, " ");
  }
  return "(" + join(option.choices, " ") + ")";
}

// 'exclusions'{names}'[help]:TYPE:action'
std::string option_specification(const OptionDescription& option) {
  std::vector<std::string> excluded = option.excludes;
  if (!option.repeated) excluded.insert(excluded.end(), option.names.begin(), option.names.end());
  std::string tail = "[" + escaped(option.help, "[]\\") + "]";
  if (option.kind != ValueKind::none) {
    tail += ":" + escaped(option.type, ":\\") + ":" + action(option);
  }
  const bool many = option.names.size() > 1;
  const std::string dash = option.kind == ValueKind::none ? "" : "=";  // --name value or --name=value
  const std::string before = option.ends ? "(- *)" : option.repeated ? "*" : "(" + join(excluded, " ") + ")";
  if (!many) return in_quotes(before + option.names.front() + dash + tail);
  return in_quotes(before) + "{" + join(option.names, dash + ",") + dash + "}" + in_quotes(tail);
}

std::string positional_specification(const OptionDescription& positional, std::size_t place) {
  const std::string where = positional.repeated ? "*" : std::to_string(place);
  return in_quotes(where + ":" + escaped(positional.help, ":\\") + ":" + action(positional));
}

// The second half of a command with subcommands: its first word chooses who goes on.
void write_subcommands(std::ostream& out, const CommandDescription& command, const std::string& function) {
  out << "  case $state in\n  command)\n    commands=(\n";
  for (const auto& subcommand : command.subcommands) {
    out << "      " << in_quotes(subcommand.name + ":" + escaped(subcommand.help, "\\")) << '\n';
  }
  out << "    )\n    _describe -t commands command commands\n    ;;\n"
      << "  arguments)\n    case $line[1] in\n";
  for (const auto& subcommand : command.subcommands) {
    out << "    " << subcommand.name << ") " << function << "-" << subcommand.name << " ;;\n";
  }
  out << "    esac\n    ;;\n  esac\n";
}

void write_function(std::ostream& out, const CommandDescription& command, const std::string& function) {
  const bool chooses = !command.subcommands.empty();
  out << '\n' << function << "() {\n";
  if (chooses) out << "  local curcontext=$curcontext state line\n  local -a commands\n";
  out << "  _arguments " << (chooses ? "-C " : "") << "-S";
  for (const OptionDescription& option : command.options) out << " \\\n    " << option_specification(option);
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    out << " \\\n    " << positional_specification(command.positionals[i], i + 1);
  }
  if (chooses) out << " \\\n    '1: :->command' \\\n    '*:: :->arguments' && return";
  out << '\n';
  if (chooses) write_subcommands(out, command, function);
  out << "}\n";
  for (const auto& subcommand : command.subcommands) {
    write_function(out, subcommand, function + "-" + subcommand.name);
  }
}

}  // namespace

std::string zsh_completion(const CommandDescription& command) {
  const std::string function = "_" + command.name;
  std::ostringstream out;
  out << "#compdef " << command.name << "\n# Written by: " << command.name << " --describe zsh\n";
  write_function(out, command, function);
  out << '\n' << function << " \"$@\"\n";
  return out.str();
}

}  // namespace revnet
