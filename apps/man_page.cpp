#include "man_page.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <utility>

#include "base/text.h"
#include "base/version.h"
#include "record/config_schema.h"

namespace revnet {
namespace {

constexpr std::array<const char*, 5> all_commands{"revnet-compare", "revnet-data", "revnet-report",
                                                  "revnet-sweep", "revnet-train"};

// What troff would take for an escape or set as a typographic sign.
constexpr std::array<std::pair<char, const char*>, 7> signs{{{'\\', "\\e"},
                                                             {'-', "\\-"},
                                                             {'\'', "\\(aq"},
                                                             {'"', "\\(dq"},
                                                             {'`', "\\(ga"},
                                                             {'^', "\\(ha"},
                                                             {'~', "\\(ti"}}};

// Text as it is, at the beginning of a line too.
std::string plain(const std::string& text) {
  std::string result = text.starts_with('.') ? "\\&" : "";
  for (const char c : text) {
    const auto sign = std::find_if(signs.begin(), signs.end(), [c](const auto& s) { return s.first == c; });
    if (sign == signs.end()) {
      result += c;
    } else {
      result += sign->second;
    }
  }
  return result;
}

std::string bold(const std::string& text) {
  return "\\fB" + plain(text) + "\\fR";
}
std::string italic(const std::string& text) {
  return "\\fI" + plain(text) + "\\fR";
}

const FooterSection* find_section(const CommandDescription& command, const std::string& title) {
  for (const FooterSection& section : command.footer) {
    if (section.title == title) return &section;
  }
  return nullptr;
}

std::string without_indent(const std::string& line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

// Lines indented by two blanks are terms, lines indented further explain them.
void write_terms(std::ostream& out, const FooterSection& section) {
  for (const std::string& line : section.lines) {
    const bool term = line.starts_with("  ") && !line.starts_with("   ");
    if (term) out << ".TP\n";
    out << (term ? bold(without_indent(line)) : plain(without_indent(line))) << '\n';
  }
}

// "0 done, 1 failed": a comma before a digit ends an entry.
void write_exit_status(std::ostream& out, const FooterSection& section) {
  std::string text = join(section.lines, " ");
  if (text.ends_with('.')) text.pop_back();
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find(", ", begin);
    while (end != std::string::npos && std::isdigit(static_cast<unsigned char>(text[end + 2])) == 0) {
      end = text.find(", ", end + 1);
    }
    end = std::min(end, text.size());
    const std::string entry = text.substr(begin, end - begin);
    const std::size_t blank = std::min(entry.find(' '), entry.size() - 1);
    out << ".TP\n" << bold(entry.substr(0, blank)) << '\n' << plain(entry.substr(blank + 1)) << '\n';
    begin = end + 2;
  }
}

std::string usage(const OptionDescription& positional) {
  std::string text = italic(positional.names.front());
  if (positional.repeated) text += " ...";
  return positional.required ? text : "[" + text + "]";
}

std::string usage(const CommandDescription& command) {
  std::string text = bold(command.path) + " [" + italic("OPTIONS") + "]";
  for (const OptionDescription& positional : command.positionals) text += " " + usage(positional);
  return text;
}

// Those that can be called: who has subcommands wants one.
std::vector<const CommandDescription*> callable(const CommandDescription& command) {
  if (command.subcommands.empty()) return {&command};
  std::vector<const CommandDescription*> all;
  for (const CommandDescription& subcommand : command.subcommands) {
    const auto below = callable(subcommand);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

// What the help does not say already.
std::string choices_unsaid(const OptionDescription& option) {
  for (const std::string& choice : option.choices) {
    if (choice.ends_with('=')) return "";
  }
  const auto said = [&](const std::string& choice) { return option.help.find(choice) != std::string::npos; };
  if (std::all_of(option.choices.begin(), option.choices.end(), said)) return "";
  return "One of " + join(option.choices) + ".";
}

void write_option(std::ostream& out, const OptionDescription& option, bool positional) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) {
    const bool typed = !positional && !option.type.empty();
    names.push_back((positional ? italic(name) : bold(name)) + (typed ? " " + italic(option.type) : ""));
  }
  out << ".TP\n" << join(names) << '\n' << plain(option.help) << '\n';
  const std::string unsaid = choices_unsaid(option);
  if (!unsaid.empty()) out << ".br\n" << plain(unsaid) << '\n';
  if (!option.default_value.empty()) out << ".br\nDefault: " << plain(option.default_value) << ".\n";
  if (!option.excludes.empty()) out << ".br\nNot with " << plain(join(option.excludes)) << ".\n";
}

// Positionals, then each group of options under its name, which `heading` writes.
template <typename Heading>
void write_options(std::ostream& out, const CommandDescription& command, const Heading& heading) {
  for (const OptionDescription& positional : command.positionals) write_option(out, positional, true);
  std::string group = "Options";  // CLI11's own, which needs no heading
  for (const OptionDescription& option : command.options) {
    if (option.group != group) heading(group = option.group);
    write_option(out, option, false);
  }
}

void write_commands(std::ostream& out, const CommandDescription& command) {
  out << ".SH COMMANDS\n";
  for (const CommandDescription* called : callable(command)) {
    out << ".SS " << plain(called->path) << '\n'
        << plain(called->help) << ".\n.PP\n"
        << usage(*called) << '\n';
    write_options(out, *called, [&](const std::string& group) { out << ".PP\n" << plain(group) << ":\n"; });
  }
}

bool takes_settings(const CommandDescription& command) {
  const auto any = [](const auto& list, const auto& that) {
    return std::any_of(list.begin(), list.end(), that);
  };
  return any(command.options,
             [](const OptionDescription& option) { return option.names.back() == "--set"; }) ||
         any(command.subcommands, takes_settings);
}

void write_settings(std::ostream& out) {
  out << ".SH SETTINGS\nWhat an experiment file may hold, as YAML, and " << bold("--set")
      << " may give; an option of its own wins.\n";
  for (const Setting& setting : settings()) {
    out << ".TP\n"
        << bold(setting.key) << '\n'
        << plain(setting.help) << "\n.br\nAllowed: " << plain(setting.allowed())
        << ". Default: " << plain(setting.yaml(Config{})) << ".\n";
  }
}

// "Trains a network." as whatis lists it: "trains a network".
std::string summary(std::string help) {
  if (help.ends_with('.')) help.pop_back();
  if (!help.empty()) help[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(help[0])));
  return help;
}

void write_see_also(std::ostream& out, const CommandDescription& command) {
  std::vector<std::string> others;
  for (const char* name : all_commands) {
    if (name != command.name) others.push_back(bold(name) + "(1)");
  }
  out << ".SH SEE ALSO\n" << join(others, ",\n") << '\n';
}

}  // namespace

std::string man_page(const CommandDescription& command) {
  std::ostringstream out;
  out << ".\\\" Written by: " << command.name << " --describe man\n.TH " << plain(command.name)
      << " 1 " REVNET_RELEASE_DATE " \"revnet " << version() << "\" \"User Commands\"\n.ad l\n.SH NAME\n"
      << plain(command.name) << " \\- " << plain(summary(command.help)) << "\n.SH SYNOPSIS\n";
  const auto callables = callable(command);
  for (std::size_t i = 0; i < callables.size(); ++i) {
    out << (i > 0 ? ".br\n" : "") << usage(*callables[i]) << '\n';
  }
  out << ".SH DESCRIPTION\n" << plain(command.help) << '\n';
  if (const FooterSection* prose = find_section(command, "")) {
    out << ".PP\n" << plain(join(prose->lines, " ")) << '\n';
  }
  out << ".SH OPTIONS\n";
  write_options(out, command, [&](const std::string& group) { out << ".SS " << plain(group) << '\n'; });
  if (!command.subcommands.empty()) write_commands(out, command);
  if (takes_settings(command)) write_settings(out);
  const auto section = [&](const char* heading, const char* title, const auto& write) {
    if (const FooterSection* found = find_section(command, title)) {
      out << ".SH " << heading << '\n';
      write(out, *found);
    }
  };
  section("EXAMPLES", "Examples", write_terms);
  section("ENVIRONMENT", "Environment", write_terms);
  section("EXIT STATUS", "Exit codes", write_exit_status);
  write_see_also(out, command);
  return out.str();
}

}  // namespace revnet
