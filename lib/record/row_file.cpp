#include "record/row_file.h"

#include <cerrno>
#include <limits>
#include <span>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "system/posix_file.h"

namespace revnet {
namespace {

std::string csv_line(const MetricsRow& row) {
  const auto cell = [](const std::optional<double>& value) { return value ? fmt::to_string(*value) : ""; };
  return fmt::format("{},{},{},{},{},{}\n", row.iteration, row.set, row.cross_entropy, row.error_percent,
                     cell(row.learning_rate), cell(row.seconds));
}

}  // namespace

MetricsRow metrics_row(const TrainRow& row) {
  return {row.iteration, "train", row.cross_entropy, row.error_percent, row.learning_rate, row.seconds};
}

MetricsRow metrics_row(const EvalRow& row, const std::string& set) {
  return {row.iteration, set, row.cross_entropy, row.error_percent, {}, {}};
}

MetricsRow average_metrics_row(const EvalRow& row, const std::string& set) {
  return metrics_row(row, set + "_average");
}

std::vector<MetricsRow> metrics_rows(const RunLog& log, const std::string& set) {
  std::vector<MetricsRow> rows;
  auto evaluation = log.eval().begin(), average = log.eval_average().begin();
  const auto add_evaluations_before = [&](std::int64_t iteration) {
    for (; evaluation != log.eval().end() && evaluation->iteration < iteration; ++evaluation) {
      rows.push_back(metrics_row(*evaluation, set));
      for (; average != log.eval_average().end() && average->iteration <= evaluation->iteration; ++average) {
        rows.push_back(average_metrics_row(*average, set));
      }
    }
  };
  for (const TrainRow& row : log.train()) {
    add_evaluations_before(row.iteration);
    rows.push_back(metrics_row(row));
  }
  add_evaluations_before(std::numeric_limits<std::int64_t>::max());
  return rows;
}

RowFile::RowFile(std::filesystem::path path, std::string head, Encode encode,
                 const std::vector<MetricsRow>& rows)
    : path_(std::move(path)), encode_(std::move(encode)) {
  std::string content = std::move(head);
  for (const MetricsRow& row : rows) content += encode_(row);
  replace_file(path_, std::as_bytes(std::span(content)));
  file_ = FileDescriptor(
      without_interruption([&] { return ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC); }));
  if (!file_.is_open()) throw io_error("write", path_, errno);
}

void RowFile::append(const MetricsRow& row) {
  const std::string bytes = encode_(row);
  const int error = write_all(file_.get(), std::as_bytes(std::span(bytes)));
  if (error != 0) throw io_error("write", path_, error);
}

RowFile make_metrics_csv(const std::filesystem::path& file, const std::vector<MetricsRow>& rows) {
  return {file, "iteration,set,cross_entropy,error_percent,learning_rate,seconds\n", csv_line, rows};
}

}  // namespace revnet
