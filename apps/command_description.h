// What a command says about itself, as plain data, read from the CLI::App that also parses: completions and
// man pages are written from it, so they know the command line as it is.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace revnet {

enum class ValueKind { none, text, choice, file, directory };

struct OptionDescription {
  std::vector<std::string> names;  // "-h", "--help"; the one name of a positional has no dashes
  std::string type;                // "NAME", "FILE"; empty for flags
  std::string default_value;
  std::string help;
  std::string group;
  ValueKind kind = ValueKind::none;
  std::vector<std::string> choices;   // those that end in '=' are beginnings
  std::vector<std::string> excludes;  // names of options
  bool required = false, repeated = false;
  bool ends = false;  // --help and --version: nothing else is looked at
};

// A part of the text below the options.
struct FooterSection {
  std::string title;               // "Examples"; empty for lines that stand under none
  std::vector<std::string> lines;  // as written, two or more blanks before what is indented
};

struct CommandDescription {
  std::string name;  // "angle"
  std::string path;  // "revnet-compare gradient angle"
  std::string help;
  std::vector<OptionDescription> options, positionals;  // without hidden ones, in the order of --help
  std::vector<CommandDescription> subcommands;
  std::vector<FooterSection> footer;  // of a whole command; its subcommands show the same
};

CommandDescription describe(CLI::App& app);

// "bash", "zsh", "man".
const std::vector<std::string>& description_formats();
// A completion or the man page. UsageError for another format.
std::string described(CLI::App& app, const std::string& format);

}  // namespace revnet
