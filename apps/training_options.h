// The training options that revnet-train and its sisters share: those of the table of settings, applied in
// the documented order (defaults < experiment file < environment < command line).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "record/config_schema.h"

namespace revnet {

class TrainingOptions {
 public:
  // Declares the options and the positional `dataset`; must outlive the parse.
  explicit TrainingOptions(CLI::App& app);
  // The options of these settings alone.
  TrainingOptions(CLI::App& app, const std::vector<std::string>& keys);
  // Then --config and --set, too.
  void take_any_setting(CLI::App& app);

  // Lays file, environment and command line over the given settings. UsageError for anything unknown or
  // impossible.
  Config apply_to(Config config) const;

 private:
  void declare(CLI::App& app, const Setting& setting);

  std::string config_file_;
  std::vector<std::string> assignments_;
  std::vector<std::pair<const Setting*, std::string>> given_;
};

// The option that has been declared under this name. CLI11's own get_option() is noexcept inside, and so ends
// the program where there is no memory.
CLI::Option* option_of(CLI::App& app, const std::string& name);

// The settings with each of these networks; where none is named, with the network that they describe
// themselves, or else with each of `otherwise`.
std::vector<Config> with_networks(const Config& settings, const std::vector<std::string>& names,
                                  const std::vector<std::string>& otherwise);
// A part of the help of commands that read data sets.
inline constexpr const char* data_environment_help = R"(

Environment:
  REVNET_DATA
      the folder of the data sets, where the command line does not name one)";

// A part of the help of commands that train.
inline constexpr const char* environment_help = R"(

Environment:
  REVNET_DATA
      the folder of the data sets, where the command line does not name one
  REVNET_THREADS
      threads of a training, where the command line does not say how many
  OMP_WAIT_POLICY
      passive: threads sleep while they wait, for machines shared with other work)";

// Answers --describe bash, zsh or help2man, as the build asks for completions and man pages (exit code 0, or
// 2 for another format). Otherwise parses, and on failure prints one line and returns exit code 2; --help and
// --version return 0. -1: go on.
int parse(CLI::App& app, int argc, char** argv);

// Runs body() and turns what it throws into one line on stderr and the documented exit code.
int guarded(const std::string& program, const std::function<int()>& body);

// The same for all that a program does, from its first allocation on; likewise when what it wrote to stdout
// did not get there.
int guarded_program(const std::string& program, const std::function<int()>& body);

// The command line as one string, for the record and for a shell.
std::string command_line(int argc, char** argv);

}  // namespace revnet
