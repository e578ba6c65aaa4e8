#include "study/series.h"

#include <algorithm>
#include <stdexcept>

namespace revnet {
namespace {

const std::string iteration_name = "iteration";

}  // namespace

void Series::append(std::int64_t iteration, const Row& row) {
  if (!empty() && iteration <= iterations_.back()) throw std::logic_error("Series: iterations do not ascend");
  if (!has_columns_of(row)) throw std::logic_error("Series: the row has other columns");
  iterations_.push_back(iteration);
  for (const auto& [name, value] : row) columns_[name].push_back(value);
}

bool Series::has_columns_of(const Row& row) const {
  return empty() || std::ranges::equal(row, columns_, {}, &Row::value_type::first,
                                       &decltype(columns_)::value_type::first);
}

void Series::truncate_from(std::int64_t iteration) {
  const auto keep = std::ranges::lower_bound(iterations_, iteration) - iterations_.begin();
  iterations_.resize(static_cast<std::size_t>(keep));
  for (auto& [name, values] : columns_) values.resize(static_cast<std::size_t>(keep));
  if (empty()) columns_.clear();
}

const std::vector<double>& Series::column(const std::string& name) const {
  const auto found = columns_.find(name);
  if (found == columns_.end()) throw std::logic_error("Series: no column " + name);
  return found->second;
}

void Series::write(hdf5::Writer& log, const std::string& group) const {
  log.integers(group + "/" + iteration_name, iterations_);
  for (const auto& [name, values] : columns_) log.doubles(group + "/" + name, values);
}

Series Series::read(const hdf5::Reader& log, const std::string& group) {
  Series series;
  series.iterations_ = log.integers(group + "/" + iteration_name);
  if (!std::ranges::is_sorted(series.iterations_, std::ranges::less_equal())) {
    log.fail("/{}/{} does not ascend", group, iteration_name);
  }
  for (const std::string& name : log.datasets(group)) {
    if (name == iteration_name) continue;
    std::vector<double> values = log.doubles(group + "/" + name);
    if (values.size() != series.iterations_.size()) {
      log.fail("/{}/{} has another number of rows than {}", group, name, iteration_name);
    }
    series.columns_[name] = std::move(values);
  }
  return series;
}

}  // namespace revnet
