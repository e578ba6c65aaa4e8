// A table of text cells, for people or for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// "12.35": value with so many decimals.
std::string format_fixed(double value, int decimals);

enum class TableFormat {
  text,      // columns aligned by spaces
  csv,       // RFC 4180
  markdown,  // a pipe table
  latex,     // a tabular, with the booktabs package's rules
};

// "text", "csv", "markdown" and "latex".
const std::vector<std::string>& table_format_names();
// UsageError for any other name.
TableFormat table_format(std::string_view name);

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // As many cells as the header has; logic_error otherwise.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }

  // Ends with a newline. In text, columns whose cells are all numbers (or "-") are aligned to the right.
  std::string format(TableFormat format) const;
  // A <table> for a page, well-formed as XML too: the header in <thead>, the first cell of each row as its
  // heading. Cells of columns of numbers have the class "number".
  std::string html() const;

 private:
  std::string text() const;
  std::string csv() const;
  std::string markdown() const;
  std::string latex() const;
  // Whether each column holds nothing but numbers.
  std::vector<bool> numeric() const;

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace revnet
