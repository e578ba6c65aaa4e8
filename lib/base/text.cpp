#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <istream>
#include <numeric>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/utf8.h"

namespace revnet {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, units[unit]);
}

std::uint64_t parse_bytes(std::string_view text, std::string_view origin) {
  const std::string number(text.substr(0, text.find_first_not_of("0123456789.")));
  std::string unit(text.substr(number.size()));
  unit.erase(0, unit.find_first_not_of(' ') == std::string::npos ? 0 : unit.find_first_not_of(' '));
  constexpr struct {
    std::string_view name;
    double bytes;
  } units[] = {
      {"", 1},      {"B", 1},         {"kB", 1e3},      {"MB", 1e6},      {"GB", 1e9},
      {"TB", 1e12}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1.0995116277760e12}};
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  for (const auto& [name, bytes] : units) {
    const double product = value * bytes;
    if (name == unit && !number.empty() && *end == '\0' && product >= 1 && product < 1e18) {
      return static_cast<std::uint64_t>(product);
    }
  }
  throw UsageError("{}: {} is no size in bytes, such as 8GiB or 500MB", origin, in_quotes(text));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  if (text.ends_with(separator)) parts.emplace_back();
  return parts;
}

std::string last_line(std::istream& lines) {
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::string format_grouped(std::int64_t number) {
  return fmt::format("{}{}", number < 0 ? "-" : "", fmt::group_digits(std::abs(number)));
}

std::string format_duration(double seconds) {
  constexpr double longest = 1e15;  // which std::llround can still represent
  const long long whole = std::llround(std::min(std::max(0.0, seconds), longest));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  const std::string line = one_line(text.substr(0, 4 * longest));
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t length = printable_length(std::string_view(line).substr(at));
    if (at + length > longest) return fmt::format("'{}...'", line.substr(0, at));
    at += length;
  }
  return fmt::format("'{}'", line);
}

std::string shell_quoted(const std::string& word) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_=+.,:/@%").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string file_name_of(std::string text) {
  for (char& c : text) {
    const bool safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    if (!safe) c = '_';
  }
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 1) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near);
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

}  // namespace revnet
