#include "help_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <sstream>

#include <unistd.h>

#include "system/host.h"

namespace revnet {
namespace {

constexpr std::size_t column_of_descriptions = 34, least_room = 20, most_columns = 100;

class WrappingFormatter final : public CLI::Formatter {
 public:
  explicit WrappingFormatter(std::size_t columns)
      : columns_(std::max(columns, column_of_descriptions + least_room)) {
    column_width(column_of_descriptions);
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return wrapped(CLI::Formatter::make_option(option, is_positional), columns_, column_of_descriptions);
  }
  std::string make_subcommand(const CLI::App* subcommand) const override {
    return wrapped(CLI::Formatter::make_subcommand(subcommand), columns_, column_of_descriptions);
  }

 private:
  std::size_t columns_;
};

void set_formatter(CLI::App& app, const std::shared_ptr<CLI::Formatter>& formatter) {
  app.formatter(formatter);
  for (CLI::App* subcommand : app.get_subcommands({})) set_formatter(*subcommand, formatter);
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (line.size() > width) {
      std::size_t blank = line.rfind(' ', width);
      if (blank == std::string::npos || blank < line.find_first_not_of(' ')) blank = line.find(' ', width);
      if (blank == std::string::npos) break;
      result += line.substr(0, line.find_last_not_of(' ', blank) + 1) + '\n';
      line = std::string(indent, ' ') + line.substr(blank + 1);
    }
    result += line + '\n';
  }
  return result;
}

std::size_t help_columns(int file, const char* columns) {
  if (::isatty(file) != 1) return most_columns;
  std::size_t width = 0;
  if (columns != nullptr) std::from_chars(columns, columns + std::strlen(columns), width);
  if (width == 0) width = terminal_columns(file);
  return width == 0 ? most_columns : std::min(width, most_columns);
}

void format_help(CLI::App& app, std::size_t columns) {
  set_formatter(app, std::make_shared<WrappingFormatter>(columns));
}

}  // namespace revnet
