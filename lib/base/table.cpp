#include "base/table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "base/error.h"

namespace revnet {
namespace {

// Columns in UTF-8 text: bytes that do not continue a character.
std::size_t width(const std::string& cell) {
  return static_cast<std::size_t>(
      std::ranges::count_if(cell, [](unsigned char c) { return (c & 0xc0U) != 0x80U; }));
}

bool is_number(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  const unsigned char first = static_cast<unsigned char>(cell.front());
  const bool signed_number = first == '-' && cell.size() > 1;
  const unsigned char digit = static_cast<unsigned char>(signed_number ? cell[1] : cell[0]);
  return digit >= '0' && digit <= '9';
}

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
  std::string result(1, '"');
  for (const char c : cell) {
    if (c == '"') result.push_back('"');
    result.push_back(c);
  }
  result.push_back('"');
  return result;
}

}  // namespace

std::string format_fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

TableFormat table_format(std::string_view name) {
  if (name == "text") return TableFormat::text;
  if (name == "csv") return TableFormat::csv;
  throw UsageError("--format: " + std::string(name) + " is not one of text, csv");
}

void Table::add(std::vector<std::string> row) {
  if (row.size() != header_.size()) throw std::logic_error("Table: a row of another width than the header");
  rows_.push_back(std::move(row));
}

std::string Table::format(TableFormat format) const {
  return format == TableFormat::csv ? csv() : text();
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t column = 0; column < header_.size(); ++column) {
    widths.push_back(width(header_[column]));
    right.push_back(std::ranges::all_of(rows_, [&](const auto& row) { return is_number(row[column]); }));
    for (const auto& row : rows_) widths.back() = std::max(widths.back(), width(row[column]));
  }
  const auto line = [&](const std::vector<std::string>& row) {
    std::string result;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string padding(widths[column] - width(row[column]), ' ');
      if (column > 0) result.append(2, ' ');
      result += right[column] ? padding + row[column] : row[column] + padding;
    }
    result.erase(result.find_last_not_of(' ') + 1);
    result.push_back('\n');
    return result;
  };
  std::string result = line(header_);
  for (const auto& row : rows_) result += line(row);
  return result;
}

std::string Table::csv() const {
  const auto line = [](const std::vector<std::string>& row) {
    std::string result;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) result.push_back(',');
      result += quoted(row[column]);
    }
    result.push_back('\n');
    return result;
  };
  std::string result = line(header_);
  for (const auto& row : rows_) result += line(row);
  return result;
}

}  // namespace revnet
