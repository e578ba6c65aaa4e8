// A table of measurements over the course of a training: a row an iteration, a named column a quantity.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "record/hdf5.h"

namespace revnet {

class Series {
 public:
  // Column name ("stage1/degrees") -> value.
  using Row = std::map<std::string, double>;

  // Iterations ascend; the first row names the columns, and every other has the same: logic_error otherwise.
  void append(std::int64_t iteration, const Row& row);
  // Drops rows of this iteration and later ones.
  void truncate_from(std::int64_t iteration);

  // Whether the row may be appended, as far as its names go.
  bool has_columns_of(const Row& row) const;

  bool empty() const { return iterations_.empty(); }
  const std::vector<std::int64_t>& iterations() const { return iterations_; }
  // logic_error if there is no such column.
  const std::vector<double>& column(const std::string& name) const;

  // As datasets GROUP/iteration (int64) and GROUP/COLUMN (float64).
  void write(hdf5::Writer& log, const std::string& group) const;
  // RecordError if the group is damaged.
  static Series read(const hdf5::Reader& log, const std::string& group);

  template <class Archive>
  friend void fields(Archive& archive, Series& series) {
    archive(series.iterations_, series.columns_);
  }

 private:
  std::vector<std::int64_t> iterations_;
  std::map<std::string, std::vector<double>> columns_;
};

}  // namespace revnet
