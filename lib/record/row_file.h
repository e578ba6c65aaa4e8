// Files that show a run while it goes on: every row is in the file as soon as there is one.
//
// run.h5 is the record; these repeat its rows for those who watch, in formats that need no HDF5. A run that
// is resumed writes them anew from its log, so no row is doubled or of a future that has been thrown away.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/run_log.h"
#include "system/file_descriptor.h"

namespace revnet {

struct MetricsRow {
  std::int64_t iteration = 0;
  std::string set;  // "train", "test", "test_average"
  double cross_entropy = 0, error_percent = 0;
  std::optional<double> learning_rate, seconds;  // of "train"
};

MetricsRow metrics_row(const TrainRow& row);
// set: what evaluation is on, "test" or "validation"; an average of the weights has a set of its own.
MetricsRow metrics_row(const EvalRow& row, const std::string& set);
MetricsRow average_metrics_row(const EvalRow& row, const std::string& set);
// All rows of a log, in the order in which a run makes them.
std::vector<MetricsRow> metrics_rows(const RunLog& log, const std::string& set);

class RowFile {
 public:
  // The bytes of one row.
  using Encode = std::function<std::string(const MetricsRow& row)>;

  // Replaces the file by `head` and these rows. Throws FileError if it cannot be written, as does append().
  RowFile(std::filesystem::path file, std::string head, Encode encode, const std::vector<MetricsRow>& rows);

  // Writes the row in one call, so that a reader finds whole rows.
  void append(const MetricsRow& row);

 private:
  std::filesystem::path path_;
  Encode encode_;
  FileDescriptor file_;
};

// metrics.csv: iteration,set,cross_entropy,error_percent,learning_rate,seconds. Numbers read back as the same
// doubles; evaluations have no learning_rate and seconds.
RowFile make_metrics_csv(const std::filesystem::path& file, const std::vector<MetricsRow>& rows);

}  // namespace revnet
