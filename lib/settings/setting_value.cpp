// Converts settings from text to checked values, and back to YAML.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <type_traits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

// The shortest text that reads back as the same double.
std::string number_text(double value) {
  std::array<char, 40> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), result.ptr);
  // YAML 1.1 readers (PyYAML) take 2e-04 for a string and 2.0e-04 for a number.
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    return text.substr(0, exponent) + ".0" + text.substr(exponent);
  }
  return text;
}

std::string limit_text(double limit) {
  return std::abs(limit) < 1e15 && limit == std::floor(limit) ? fmt::format("{:.0f}", limit)
                                                              : number_text(limit);
}

}  // namespace

std::string string_yaml(const std::string& text) {
  static const std::vector<std::string> other_types{"true", "false", "yes", "no", "on",
                                                    "off",  "null",  "y",   "n"};
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '/' || c == '-' || c == '.';
  };
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool starts_with_letter = !lower.empty() && lower[0] >= 'a' && lower[0] <= 'z';
  if (starts_with_letter && std::all_of(text.begin(), text.end(), plain) &&
      std::find(other_types.begin(), other_types.end(), lower) == other_types.end()) {
    return text;
  }
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      result += c;
    }
  }
  return result + "\"";
}

namespace {

std::string value_yaml(bool value) {
  return value ? "true" : "false";
}
std::string value_yaml(const std::string& value) {
  return string_yaml(value);
}
std::string value_yaml(double value) {
  return number_text(value);
}
template <std::integral T>
std::string value_yaml(T value) {
  return fmt::to_string(value);
}
template <typename T>
std::string value_yaml(const std::vector<T>& values) {
  std::vector<std::string> items;
  items.reserve(values.size());
  for (const T value : values) items.push_back(value_yaml(value));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// Converts one written value to the setting's type, or throws a UsageError that says why it cannot.
class ValueReader {
 public:
  ValueReader(const Setting& setting, const WrittenValue& value, const std::string& where)
      : setting_(setting), value_(value), where_(where) {}

  void read(Config& config, const ChoiceField& field) const { field.set(config, place(printable())); }

  template <typename T>
  void read(Config& config, const Field<T>& field) const {
    read(field.of(config));
  }

 private:
  void read(bool& target) const {
    const std::string& text = scalar("true or false");
    if (text != "true" && text != "false") refuse(text, "is neither true nor false");
    target = text == "true";
  }

  void read(std::string& target) const {
    const std::string& text = printable();
    if (!setting_.choices.empty()) place(text);
    target = text;
  }

  // Lists hold either fractions of a run, which must ascend, or one number per stage.
  template <typename T>
  void read(std::vector<T>& target) const {
    if (!value_.list) refuse(value_.items.at(0), "is not a list");
    std::vector<T> numbers;
    for (const std::string& item : value_.items) {
      numbers.push_back(number<T>(item));
      if (std::is_floating_point_v<T> && numbers.size() > 1 &&
          numbers.back() <= numbers[numbers.size() - 2]) {
        refuse(item, "does not ascend");
      }
    }
    target = numbers;
  }

  template <typename T>
  requires std::is_arithmetic_v<T>
  void read(T& target) const {
    target = number<T>(scalar(std::is_integral_v<T> ? "an integer" : "a number"));
  }

  [[noreturn]] void refuse(std::string_view text, const std::string& why) const {
    throw UsageError("{}: {}: {} {}; allowed: {}", where_, setting_.key, in_quotes(text), why,
                     setting_.allowed());
  }

  const std::string& scalar(const std::string& type) const {
    if (value_.list) refuse(fmt::format("[{}]", fmt::join(value_.items, ", ")), "is a list, not " + type);
    return value_.items.at(0);
  }

  const std::string& printable() const {
    const std::string& text = scalar("text");
    // YAML would turn carriage returns into line feeds.
    if (first_unprintable(text) != std::string::npos || text.find('\r') != std::string::npos) {
      refuse(text, "holds bytes that are not printable UTF-8");
    }
    return text;
  }

  std::size_t place(const std::string& word) const {
    const auto& choices = setting_.choices;
    const auto found = std::find(choices.begin(), choices.end(), word);
    if (found == choices.end()) refuse(word, "is unknown" + did_you_mean(word, choices));
    return static_cast<std::size_t>(found - choices.begin());
  }

  template <typename T>
  T number(std::string_view text) const {
    const std::string type = std::is_integral_v<T> ? "an integer" : "a number";
    if (value_.quoted) refuse(text, "is text in quotes, not " + type);
    std::string_view digits = text;
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
    T result{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error == std::errc::result_out_of_range) refuse(text, "is out of range");
    // from_chars takes a minus sign for no digit when the type is unsigned.
    double negative = 0;
    if (std::is_unsigned_v<T> && digits.starts_with('-') &&
        std::from_chars(digits.data(), digits.data() + digits.size(), negative).ec == std::errc{}) {
      refuse(text, "is out of range");
    }
    if (error != std::errc{} || end != digits.data() + digits.size()) refuse(text, "is not " + type);
    if (!setting_.interval.contains(static_cast<double>(result))) refuse(text, "is out of range");
    return result;
  }

  const Setting& setting_;
  const WrittenValue& value_;
  const std::string& where_;
};

struct ToYaml {
  const Setting& setting;
  const Config& config;
  std::string operator()(const ChoiceField& field) const { return setting.choices.at(field.get(config)); }
  template <typename T>
  std::string operator()(const Field<T>& field) const {
    return value_yaml(field.in(config));
  }
};

struct Describe {
  const Setting& setting;
  std::string operator()(const ChoiceField&) const { return join(setting.choices); }
  std::string operator()(const Field<bool>&) const { return "true or false"; }
  std::string operator()(const Field<std::string>&) const {
    return setting.choices.empty() ? "text" : join(setting.choices);
  }
  std::string operator()(const Field<double>&) const { return "a number, " + setting.interval.text(); }
  std::string operator()(const Field<std::vector<double>>&) const {
    return "a list of ascending numbers, " + setting.interval.text();
  }
  std::string operator()(const Field<std::vector<std::int64_t>>&) const {
    return "a list of integers, " + setting.interval.text();
  }
  template <std::integral T>
  std::string operator()(const Field<T>&) const {
    return "an integer, " + setting.interval.text();
  }
};

}  // namespace

bool Interval::contains(double value) const {
  return std::isfinite(value) && (low_open ? value > low : value >= low) &&
         (high_open ? value < high : value <= high);
}

std::string Interval::text() const {
  if (std::isinf(low) && std::isinf(high)) return "finite";
  if (std::isinf(high)) return low_open ? "more than " + limit_text(low) : limit_text(low) + " or more";
  const std::string ends = fmt::format("from {} to {}", limit_text(low), limit_text(high));
  if (low_open && high_open) return ends + " (both excluded)";
  return low_open || high_open ? fmt::format("{} ({} excluded)", ends, limit_text(low_open ? low : high))
                               : ends;
}

std::string Setting::allowed() const {
  return std::visit(Describe{*this}, field);
}

std::string Setting::yaml(const Config& config) const {
  return std::visit(ToYaml{*this, config}, field);
}

void Setting::assign(Config& config, const WrittenValue& value, const std::string& where) const {
  const ValueReader reader(*this, value, where);
  std::visit([&](const auto& at) { reader.read(config, at); }, field);
  // Both give the length of a training: the one that is given last counts.
  if (key == "training.iterations") config.training.epochs = 0;
}

}  // namespace revnet
