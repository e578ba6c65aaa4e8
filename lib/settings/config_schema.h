// The table of settings, a line each: their keys, types, limits, choices and help, the options of the command
// line and their order in files. Config and what it may hold are declared in settings/config.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "settings/config.h"

namespace revnet {

// Where a setting lives in a Config.
template <typename T>
struct Field {
  T& (*of)(Config&);
  const T& (*in)(const Config&);
};
// Where a choice lives, as a place among the setting's choices.
struct ChoiceField {
  void (*set)(Config&, std::size_t place);
  std::size_t (*get)(const Config&);
};
using AnyField = std::variant<ChoiceField, Field<bool>, Field<int>, Field<std::int64_t>, Field<std::uint64_t>,
                              Field<double>, Field<std::string>, Field<std::vector<double>>,
                              Field<std::vector<std::int64_t>>>;

// Numbers from low to high; an open end excludes the limit itself. Exact for integers below 2^53.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;

  bool contains(double value) const;
  std::string text() const;  // "1 or more", "from 0 to 1 (1 excluded)"
};

// A value as somebody wrote it, before the setting gives it a type.
struct WrittenValue {
  std::vector<std::string> items;  // one, unless it is a list
  bool list = false;
  bool quoted = false;  // YAML text in quotes, which is no number
};

// Text as a YAML value: in double quotes unless every YAML reader takes it for a string without them.
std::string string_yaml(const std::string& text);

// How commands that train take a setting beside --config and --set.
struct SettingOption {
  std::string name{};         // "--batch"; without dashes, a positional; empty: not at all
  std::string value{};        // "N" in --help; empty: a flag, or a positional
  std::string environment{};  // the variable that gives it too
};

// What a setting acts on: a resumed run may change what does not act on the result, and runs that differ in
// their seed and in nothing that acts on the result measure the same thing.
enum class Effect {
  none,
  speed,   // and the order in which sums are rounded
  rows,    // of the logs
  result,  // of the training, or what is measured
};

struct Setting {
  std::string key;
  AnyField field;
  SettingOption option;
  Interval interval;  // of a number, or of each number in a list
  Effect effect = Effect::result;
  std::string help;                  // of the option and of the setting, in one line with the unit
  std::vector<std::string> choices;  // the words allowed; empty: any text
  std::string group;                 // of the option in --help

  bool is_list() const;
  // Whether it is one of those that say how an architecture differs, or what a custom one is.
  bool describes_network() const;
  std::string allowed() const;
  std::string yaml(const Config& config) const;
  // Throws UsageError "WHERE: KEY: 'VALUE' WHY; allowed: WHAT".
  void assign(Config& config, const WrittenValue& value, const std::string& where) const;

  std::string section() const;  // "training", or "" for a top-level key
  std::string leaf() const;     // "batch"
};

const std::vector<Setting>& settings();
// Null when there is no such key.
const Setting* find_setting(std::string_view key);
// Throws UsageError when there is no such key; `origin` ("--set") opens the message.
const Setting& known_setting(std::string_view key, const std::string& origin);
// " (did you mean 'training.batch'?)", or "" when nothing known comes near.
std::string suggestion(const std::string& unknown_key);

}  // namespace revnet
