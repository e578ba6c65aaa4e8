// The values of options, declared with the options so that a shell can complete them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "settings/config_schema.h"

namespace revnet {

// Returns an argument for CLI::Option::check that checks nothing and does not appear in --help: the code that
// uses a value refuses others with a better message. A choice that ends in '=' is the beginning of a value.
CLI::Validator choices(const std::vector<std::string>& values);

// Declares the option of a setting for a command that takes several values of it, in one list or by
// repetition. They are checked on use, or against `only` if that is not empty.
CLI::Option* add_repeated_option(CLI::App& app, const std::string& key, std::vector<std::string>& values,
                                 const std::vector<std::string>& only = {});
// Offers KEY=VALUE for settings with choices and KEY= for all others.
CLI::Validator choices_of_assignments();

// Returns the setting's help, followed by its choices if they are few and the help does not mention them.
std::string option_help(const Setting& setting);

// Returns the values that choices() or CLI::IsMember declared.
std::vector<std::string> declared_choices(CLI::Option& option);

// Throws UsageError unless the file that `option` names can be written: its folder exists, nothing but a
// regular file is in its place, and its name ends in `ending`.
void check_output(const std::filesystem::path& file, const std::string& option,
                  const std::string& ending = "");

// Declares --format for tables; table_format() reads its value.
void add_format_option(CLI::App& app, std::string& format);

}  // namespace revnet
