// The table of settings: the single source of truth for keys, types, limits, help and the order in files.
// Internal to lib/record; everyone else sees record/config.h.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "record/config.h"

namespace revnet {

// Where a setting lives in a Config.
template <typename T>
struct Field {
  T& (*of)(Config&);
  const T& (*in)(const Config&);
};
using AnyField = std::variant<Field<bool>, Field<int>, Field<std::int64_t>, Field<std::uint64_t>,
                              Field<double>, Field<std::string>, Field<std::vector<double>>>;

// Numbers from low to high; an open end excludes the limit itself. Exact for integers below 2^53.
struct Range {
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

struct Setting {
  std::string key;
  AnyField field;
  Range range;                       // of a number, or of each number in a list (which ascends)
  std::vector<std::string> choices;  // of a string; empty: any text
  std::string help;

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
// " (did you mean 'training.batch'?)", or "" when nothing known comes near.
std::string suggestion(const std::string& unknown_key);

}  // namespace revnet
