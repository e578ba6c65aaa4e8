// The values that an option knows, declared with the option, for a shell to complete.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "record/config_schema.h"

namespace revnet {

// For CLI::Option::check. It checks nothing and --help does not show it: whoever takes the value refuses
// another, and says more. A choice that ends in '=' is only the beginning of a value.
CLI::Validator choices(const std::vector<std::string>& values);

// The option of a setting for a command that takes several values of it: all that the setting allows, which
// whoever takes them checks, or some of its choices only.
CLI::Option* add_repeated_option(CLI::App& app, const std::string& key, std::vector<std::string>& values,
                                 const std::vector<std::string>& only = {});
// KEY=VALUE for the settings that are a choice, KEY= for all others.
CLI::Validator choices_of_assignments();

// The setting's help, with its choices where it does not explain them and they are few.
std::string option_help(const Setting& setting);

// What choices() or CLI::IsMember declared.
std::vector<std::string> declared_choices(CLI::Option& option);

// --format for tables, as table_format() reads it.
void add_format_option(CLI::App& app, std::string& format);

}  // namespace revnet
