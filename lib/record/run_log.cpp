#include "record/run_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/quantile.h"
#include "record/format_version.h"
#include "record/hdf5.h"
#include "record/read_apart.h"

namespace revnet {

template <class Archive>
void fields(Archive& archive, RunInfo& info) {
  archive(info.command, info.version, info.host, info.cpu, info.onednn_version, info.threads, info.seed,
          info.learning_rate, info.momentum, info.batch, info.config, info.extra);
}

namespace {

constexpr std::int64_t run_log_version = 1;
constexpr std::array<std::string_view, 4> statuses{"running", "complete", "interrupted",
                                                   "diverged"};  // as in RunStatus

// A text of RunInfo and its attribute; one table for writing and reading.
struct TextAttribute {
  const char* name;
  std::string RunInfo::*text;
};
constexpr std::array text_attributes{
    TextAttribute{"command", &RunInfo::command}, TextAttribute{"version", &RunInfo::version},
    TextAttribute{"host", &RunInfo::host}, TextAttribute{"cpu", &RunInfo::cpu},
    TextAttribute{"onednn_version", &RunInfo::onednn_version}};

bool belongs_to_format(const std::string& name) {
  return name == format_version_name || name == "status" || name == "threads" || name == "seed" ||
         name == "learning_rate" || name == "momentum" || name == "batch" ||
         std::any_of(text_attributes.begin(), text_attributes.end(),
                     [&](const TextAttribute& attribute) { return name == attribute.name; });
}

void check_extra(const RunInfo& info) {
  for (const auto& [name, text] : info.extra) {
    if (name.empty() || belongs_to_format(name)) {
      throw Error("run log: an extra attribute cannot be called '{}'; choose another name", name);
    }
  }
}

// A column of doubles in a table of rows.
template <typename Row>
struct Column {
  const char* name;
  double Row::*value;
};
constexpr std::array train_columns{Column<TrainRow>{"cross_entropy", &TrainRow::cross_entropy},
                                   Column<TrainRow>{"error_percent", &TrainRow::error_percent},
                                   Column<TrainRow>{"learning_rate", &TrainRow::learning_rate},
                                   Column<TrainRow>{"seconds", &TrainRow::seconds}};
constexpr std::array eval_columns{Column<EvalRow>{"cross_entropy", &EvalRow::cross_entropy},
                                  Column<EvalRow>{"error_percent", &EvalRow::error_percent}};

template <typename Row>
void write_rows(hdf5::Writer& file, const std::string& table, const auto& columns,
                const std::vector<Row>& rows) {
  std::vector<std::int64_t> iterations;
  iterations.reserve(rows.size());
  for (const Row& row : rows) iterations.push_back(row.iteration);
  file.integers(table + "/iteration", iterations);
  const std::string in_table = table + "/";
  std::vector<double> values(rows.size());
  for (const Column<Row>& column : columns) {
    std::transform(rows.begin(), rows.end(), values.begin(),
                   [&](const Row& row) { return row.*column.value; });
    file.doubles(in_table + column.name, values);
  }
}

template <typename Row>
std::vector<Row> read_rows(const hdf5::Reader& file, const std::string& table, const auto& columns) {
  const std::vector<std::int64_t> iterations = file.integers(table + "/iteration");
  std::vector<Row> rows(iterations.size());
  const std::string in_table = table + "/";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && iterations[i] <= iterations[i - 1]) file.fail(table + "/iteration does not ascend");
    rows[i].iteration = iterations[i];
  }
  for (const Column<Row>& column : columns) {
    const std::string name = in_table + column.name;
    const std::vector<double> values = file.doubles(name);
    if (values.size() != rows.size()) {
      file.fail("{} has {} rows, not {}", name, values.size(), rows.size());
    }
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].*column.value = values[i];
  }
  return rows;
}

template <typename Row>
void append_row(std::vector<Row>& rows, const Row& row, const char* table) {
  if (!rows.empty() && row.iteration <= rows.back().iteration) {
    throw Error(
        "run log: {} already has a row for iteration {}, so iteration {} cannot follow; drop the "
        "later rows first",
        table, rows.back().iteration, row.iteration);
  }
  rows.push_back(row);
}

RunInfo read_info(const hdf5::Reader& file) {
  RunInfo info;
  for (const TextAttribute& attribute : text_attributes) {
    info.*attribute.text = file.text_attribute("/", attribute.name);
  }
  info.threads = file.integer_attribute("/", "threads");
  info.seed = file.unsigned_attribute("/", "seed");
  if (file.has_attribute("/", "batch")) {  // since there are these three
    info.learning_rate = file.double_attribute("/", "learning_rate");
    info.momentum = file.double_attribute("/", "momentum");
    info.batch = file.integer_attribute("/", "batch");
  }
  info.config = file.text("config");
  for (const std::string& name : file.attributes("/")) {
    if (!belongs_to_format(name) && file.attribute_is_text("/", name)) {
      info.extra[name] = file.text_attribute("/", name);
    }
  }
  return info;
}

RunStatus read_status(const hdf5::Reader& file) {
  const std::string text = file.text_attribute("/", "status");
  const auto found = std::ranges::find(statuses, text);
  if (found == statuses.end()) file.fail("status '{}' is unknown", text);
  return static_cast<RunStatus>(found - statuses.begin());
}

}  // namespace

std::string_view name(RunStatus status) {
  return statuses.at(static_cast<std::size_t>(status));
}

RunLog::RunLog(std::filesystem::path file, RunInfo info) : path_(std::move(file)), info_(std::move(info)) {}

std::string RunInfo::extra_or(const std::string& name, const std::string& otherwise) const {
  const auto found = extra.find(name);
  return found == extra.end() ? otherwise : found->second;
}

RunLog RunLog::create(std::filesystem::path file, RunInfo info) {
  check_extra(info);
  return {std::move(file), std::move(info)};
}

RunLog RunLog::open(std::filesystem::path file) {
  return read_value_apart(file, RunLog(file, {}), [&] { return read_here(file); });
}

RunLog RunLog::read_here(std::filesystem::path file) {
  const hdf5::Reader reader(file);
  check_kind(reader, "status", "run log", "a run.h5");
  check_format_version(reader, run_log_version);
  RunLog log(std::move(file), read_info(reader));
  log.status_ = read_status(reader);
  log.train_ = read_rows<TrainRow>(reader, "/train", train_columns);
  log.eval_ = read_rows<EvalRow>(reader, "/eval", eval_columns);
  for (const std::string& purpose : reader.attributes("bytes")) {
    log.bytes_[purpose] = reader.integer_attribute("bytes", purpose);
  }
  const auto groups = reader.members("/");
  const auto has = [&](const char* group) {
    return std::ranges::find(groups, group, &hdf5::Reader::Member::name) != groups.end();
  };
  if (has("eval_average")) log.eval_average_ = read_rows<EvalRow>(reader, "/eval_average", eval_columns);
  const auto read_group = [&](const char* group, std::map<std::string, double>& figures) {
    if (!has(group)) return;
    for (const std::string& name : reader.attributes(group)) {
      figures[name] = reader.double_attribute(group, name);
    }
  };
  read_group("time", log.time_);
  read_group("all_reduce", log.all_reduce_);
  read_group("exact_coupling", log.exact_coupling_);
  return log;
}

void RunLog::set_info(RunInfo info) {
  check_extra(info);
  info_ = std::move(info);
}

void RunLog::append(const TrainRow& row) {
  append_row(train_, row, "/train");
}

void RunLog::append(const EvalRow& row) {
  append_row(eval_, row, "/eval");
}

void RunLog::append_average(const EvalRow& row) {
  append_row(eval_average_, row, "/eval_average");
}

void RunLog::truncate_after(std::int64_t iteration) {
  std::erase_if(train_, [&](const TrainRow& row) { return row.iteration > iteration; });
  for (std::vector<EvalRow>* rows : {&eval_, &eval_average_}) {
    std::erase_if(*rows, [&](const EvalRow& row) { return row.iteration > iteration; });
  }
}

void RunLog::save() const {
  hdf5::Writer file(path_);
  file.attribute("/", format_version_name, run_log_version);
  file.attribute("/", "status", std::string(name(status_)));
  for (const TextAttribute& attribute : text_attributes) {
    file.attribute("/", attribute.name, info_.*attribute.text);
  }
  file.attribute("/", "threads", info_.threads);
  file.attribute("/", "seed", info_.seed);
  if (info_.batch > 0) {
    file.attribute("/", "learning_rate", info_.learning_rate);
    file.attribute("/", "momentum", info_.momentum);
    file.attribute("/", "batch", info_.batch);
  }
  for (const auto& [name, text] : info_.extra) file.attribute("/", name, text);
  file.text("config", info_.config);
  write_rows(file, "/train", train_columns, train_);
  write_rows(file, "/eval", eval_columns, eval_);
  if (!eval_average_.empty()) write_rows(file, "/eval_average", eval_columns, eval_average_);
  file.group("bytes");
  for (const auto& [purpose, peak] : bytes_) file.attribute("bytes", purpose, peak);
  const auto write_group = [&](const char* group, const std::map<std::string, double>& figures) {
    if (!figures.empty()) file.group(group);
    for (const auto& [name, value] : figures) file.attribute(group, name, value);
  };
  write_group("time", time_);
  write_group("all_reduce", all_reduce_);
  write_group("exact_coupling", exact_coupling_);
  file.save();
}

double RunLog::median_images_per_second(std::int64_t batch) const {
  std::vector<double> speeds;
  for (std::size_t i = 1; i < train_.size(); ++i) {
    const std::int64_t first = train_[i - 1].iteration, last = train_[i].iteration;
    const double seconds = train_[i].seconds - train_[i - 1].seconds;
    // An evaluation follows the row of its iteration.
    const bool evaluated = std::ranges::any_of(
        eval_, [&](const EvalRow& row) { return first <= row.iteration && row.iteration < last; });
    if (seconds > 0 && !evaluated) speeds.push_back(static_cast<double>((last - first) * batch) / seconds);
  }
  if (!speeds.empty()) return median(std::move(speeds));
  const double seconds = time_of("step_seconds");
  return seconds > 0 ? time_of("step_images") / seconds : 0;
}

double RunLog::seconds() const {
  return std::max(time_of("run_seconds"), train_.empty() ? 0 : train_.back().seconds);
}

double RunLog::time_of(const std::string& name) const {
  const auto found = time_.find(name);
  return found == time_.end() ? 0 : found->second;
}

std::int64_t RunLog::bytes_of(const std::string& purpose) const {
  const auto found = bytes_.find(purpose);
  return found == bytes_.end() ? 0 : found->second;
}

}  // namespace revnet
