// Measurements over the course of training: one row per iteration, one named column per quantity.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "record/hdf5.h"

namespace revnet {

class Series {
 public:
  // Column name ("stage1/degrees") -> value.
  using Row = std::map<std::string, double>;

  // Iterations must ascend, and all rows must have the columns of the first; logic_error otherwise.
  void append(std::int64_t iteration, const Row& row);
  // Drops the rows from this iteration on.
  void truncate_from(std::int64_t iteration);

  // Whether the row has the columns needed to be appended.
  bool has_columns_of(const Row& row) const;

  bool empty() const { return iterations_.empty(); }
  const std::vector<std::int64_t>& iterations() const { return iterations_; }
  // Throws logic_error if there is no such column.
  const std::vector<double>& column(const std::string& name) const;

  // Writes the datasets GROUP/iteration (int64) and GROUP/COLUMN (float64).
  void write(hdf5::Writer& log, const std::string& group) const;
  // Throws FileError if the group is damaged.
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
