// The columns that a study's table for programs shares with its HDF5 file.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include <fmt/format.h>

namespace revnet {

using ColumnValue = std::variant<std::string, std::int64_t, double>;

template <class Row>
struct Column {
  const char* name;
  ColumnValue (*of)(const Row& row);
};

inline ColumnValue integer(auto number) {
  return static_cast<std::int64_t>(number);
}

inline std::string to_text(const ColumnValue& value) {
  return std::visit([](const auto& held) { return fmt::format("{}", held); }, value);
}

}  // namespace revnet
