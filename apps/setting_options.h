// The options for settings, which the commands share. They come from the table of settings, and are applied
// in the documented order (defaults < experiment file < environment < command line).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "settings/config_schema.h"

namespace revnet {

class SettingOptions {
 public:
  // Declares the options and the positional `dataset`. The object must outlive the parse.
  explicit SettingOptions(CLI::App& app);
  // Declares only the options of these settings.
  SettingOptions(CLI::App& app, const std::vector<std::string>& keys);
  // Declares the options of these settings on another subcommand as well.
  void also_take(CLI::App& app, const std::vector<std::string>& keys);
  // Also declares --config, --set and --help-settings.
  void take_any_setting(CLI::App& app);

  // Applies experiment file, environment and command line to the given settings. Throws UsageError for
  // anything unknown or impossible.
  Config apply_to(Config config) const;
  // Returns whether any of these gives the setting of this key, which must have choices.
  bool names(const std::string& key) const;
  // Throws UsageError if the command line, not only an experiment file, gives a setting that `acts` denies.
  // `command` names what would ignore it.
  void refuse_ignored(const std::function<bool(const std::string& key)>& acts,
                      const std::string& command) const;

 private:
  void declare(CLI::App& app, const Setting& setting);
  const std::string& config_text() const;

  std::string config_file_;
  mutable std::optional<std::string> config_text_;  // read once, because the file may be a pipe
  std::vector<std::string> assignments_;
  std::vector<std::pair<const Setting*, std::string>> given_;
};

// Returns the option declared under this name. CLI11's own get_option() is noexcept inside, and so ends the
// program if memory runs out.
CLI::Option* option_of(CLI::App& app, const std::string& name);

// Returns what the options set, once for each network in `names`. If that is empty, returns it as it is if
// the options name or describe a network, else once for each of `otherwise`.
std::vector<Config> with_networks(const SettingOptions& options, const std::vector<std::string>& names,
                                  const std::vector<std::string>& otherwise);
// Throws UsageError if one of these settings is not its default, because the command would ignore it.
void require_defaults(const Config& settings, const std::vector<std::string>& keys,
                      const std::string& command);

// An environment variable in a command's help.
struct Variable {
  std::string_view name, what;
};
inline constexpr Variable data_variable{"REVNET_DATA",
                                        "the folder of the data sets, unless --data-dir is given"},
    threads_variable{"REVNET_THREADS", "the number of threads, unless --threads is given"},
    waiting_variable{"OMP_WAIT_POLICY",
                     "passive makes waiting threads sleep, for machines shared with other work"},
    openmp_variable{"OMP_NUM_THREADS", "has no effect; use --threads or REVNET_THREADS"};

// Returns the end of the help of a command that reads these variables, by default those of a training.
std::string environment_help(const std::vector<Variable>& variables = {data_variable, threads_variable,
                                                                       waiting_variable, openmp_variable});

}  // namespace revnet
