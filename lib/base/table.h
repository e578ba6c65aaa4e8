// A table of text cells, for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// The value with the given number of decimals: "12.35".
std::string format_fixed(double value, int decimals);

enum class TableFormat {
  text,      // columns aligned by spaces
  csv,       // RFC 4180; a cell that is "-" in the others is empty
  markdown,  // a pipe table
  latex,     // a tabular with the rules of the booktabs package
};

// The names that table_format() accepts: "text", "csv", "markdown" and "latex".
const std::vector<std::string>& table_format_names();
// UsageError for any other name.
TableFormat table_format(std::string_view name);

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // The row must have as many cells as the header; logic_error otherwise.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }

  // The text ends with a newline. The text format right-aligns columns whose cells all
  // begin with a digit, perhaps after a minus, or are "-" or empty.
  std::string format(TableFormat format) const;
  // An HTML <table> that is also well-formed XML: the header in <thead>, each row's first cell as its
  // heading. Cells in numeric columns have the class "number".
  std::string html() const;

 private:
  std::string text() const;
  std::string csv() const;
  std::string markdown() const;
  std::string latex() const;
  std::vector<bool> numeric() const;

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace revnet
