#include "base/table.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"

namespace revnet {
namespace {

// Display width of UTF-8 text: counts the bytes that do not continue a character.
std::size_t width(const std::string& cell) {
  return static_cast<std::size_t>(
      std::ranges::count_if(cell, [](unsigned char c) { return (c & 0xc0U) != 0x80U; }));
}

bool begins_like_a_number(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  const unsigned char first = static_cast<unsigned char>(cell.front());
  const bool signed_number = first == '-' && cell.size() > 1;
  const unsigned char digit = static_cast<unsigned char>(signed_number ? cell[1] : cell[0]);
  return digit >= '0' && digit <= '9';
}

std::string quoted(const std::string& cell) {
  if (cell == "-") return "";
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
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
  return fmt::format("{:.{}f}", value, decimals);
}

const std::vector<std::string>& table_format_names() {
  static const std::vector<std::string> names{"text", "csv", "markdown", "latex"};  // as in TableFormat
  return names;
}

TableFormat table_format(std::string_view name) {
  const auto& names = table_format_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw UsageError("--format: {} is not one of {}", name, join(names));
  }
  return static_cast<TableFormat>(found - names.begin());
}

void Table::add(std::vector<std::string> row) {
  if (row.size() != header_.size()) throw std::logic_error("Table: row and header differ in width");
  rows_.push_back(std::move(row));
}

std::string Table::format(TableFormat format) const {
  switch (format) {
    case TableFormat::text:
      return text();
    case TableFormat::csv:
      return csv();
    case TableFormat::markdown:
      return markdown();
    case TableFormat::latex:
      return latex();
  }
  throw std::logic_error("Table: no such format");
}

std::vector<bool> Table::numeric() const {
  std::vector<bool> result;
  for (std::size_t column = 0; column < header_.size(); ++column) {
    result.push_back(
        std::ranges::all_of(rows_, [&](const auto& row) { return begins_like_a_number(row[column]); }));
  }
  return result;
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  const std::vector<bool> right = numeric();
  for (std::size_t column = 0; column < header_.size(); ++column) {
    widths.push_back(width(header_[column]));
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

std::string Table::markdown() const {
  const auto line = [](const std::vector<std::string>& row) {
    std::string result = "|";
    for (const std::string& cell : row) {
      result += ' ';
      for (const char c : cell) {
        if (c == '|') result += '\\';
        result += c;
      }
      result += " |";
    }
    result += '\n';
    return result;
  };
  std::string result = line(header_);
  result += '|';
  for (const bool right : numeric()) result += right ? "---:|" : "---|";
  result += '\n';
  for (const auto& row : rows_) result += line(row);
  return result;
}

namespace {

std::string in_latex(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '^':
      return "\\textasciicircum{}";
    case '~':
      return "\\textasciitilde{}";
    case '[':  // would begin an argument of the line break before it
      return "{[}";
    default:
      return std::string_view("&%$#_{}").find(c) == std::string_view::npos ? std::string(1, c)
                                                                           : std::string("\\") + c;
  }
}

}  // namespace

std::string Table::latex() const {
  const auto line = [](const std::vector<std::string>& row) {
    std::string result;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column > 0) result += " & ";
      for (const char c : row[column]) {
        result += in_latex(c);
      }
    }
    result += " \\\\\n";
    return result;
  };
  std::string result = "\\begin{tabular}{";
  for (const bool right : numeric()) result += right ? 'r' : 'l';
  result += "}\n\\toprule\n" + line(header_) + "\\midrule\n";
  for (const auto& row : rows_) result += line(row);
  result += "\\bottomrule\n\\end{tabular}\n";
  return result;
}

std::string Table::html() const {
  const std::vector<bool> right = numeric();
  const auto line = [&](const std::vector<std::string>& row, bool header) {
    std::string result = "<tr>";
    for (std::size_t column = 0; column < row.size(); ++column) {
      const bool heading = header || column == 0;
      result += heading ? "<th" : "<td";
      if (heading) result += header ? R"( scope="col")" : R"( scope="row")";
      if (right[column]) result += R"( class="number")";
      result += ">" + escape_xml(row[column]) + (heading ? "</th>" : "</td>");
    }
    return result + "</tr>\n";
  };
  std::string result = "<table>\n<thead>\n" + line(header_, true) + "</thead>\n<tbody>\n";
  for (const auto& row : rows_) result += line(row, false);
  return result + "</tbody>\n</table>\n";
}

}  // namespace revnet
