#include "study/speed_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/quantile.h"
#include "base/text.h"
#include "study/columns.h"
#include "study/limit.h"
#include "study/study_log.h"
#include "train/load_data.h"

namespace revnet {
namespace {

constexpr double milli = 1e3, giga = 1e-9;

std::string milliseconds(double seconds) {
  return format_fixed(seconds * milli, 1);
}

double step_limit(const SpeedResult& result) {
  return limit_seconds(result.profile, result.peak) / static_cast<double>(result.profiled_steps);
}

std::string percent(double share) {
  return fmt::format("{:.0f} %", 100 * share);
}

// The result for the same network and batch with stored activations, or null.
const SpeedResult* stored_twin(const SpeedStudy& study, const SpeedResult& result) {
  using enum Config::Network::Activations;
  if (result.of.network.activations == stored) return nullptr;
  Config wanted = result.of;
  wanted.network.activations = stored;
  const auto twin = std::ranges::find(study.results, wanted, &SpeedResult::of);
  return twin == study.results.end() ? nullptr : &*twin;
}

}  // namespace

Table speed_table(const SpeedStudy& study) {
  Table table({"network", "activations", "engine", "batch", "threads", "ms/step", "spread", "images/s",
               "floor ms", "of floor", "uncached", "limit ms", "of limit", "to stored", "GFLOP/s", "of sgemm",
               "saved", "peak"});
  for (const SpeedResult& result : study.results) {
    const Config::Network& network = result.of.network;
    const std::int64_t batch = result.of.training.batch;
    const double step = median(result.step_seconds), limit = step_limit(result);
    const SpeedResult* twin = stored_twin(study, result);
    table.add({network_name(network), name(network.activations), name(network.engine), fmt::to_string(batch),
               fmt::to_string(result.of.training.threads), milliseconds(step),
               fmt::format("{} to {}", milliseconds(quantile(result.step_seconds, 0.1)),
                           milliseconds(quantile(result.step_seconds, 0.9))),
               format_fixed(static_cast<double>(batch) / step, 0), milliseconds(result.floor_seconds),
               format_fixed(step / result.floor_seconds, 2), milliseconds(result.floor_seconds_out_of_cache),
               milliseconds(limit), percent(limit / step),
               twin == nullptr ? "-" : format_fixed(step / median(twin->step_seconds), 2),
               format_fixed(result.flops / step * giga, 0),
               percent(result.flops / step * giga / result.sgemm_gflops), format_bytes(result.saved_bytes),
               format_bytes(result.peak_bytes)});
  }
  return table;
}

namespace {

using Speed = const SpeedResult&;

constexpr std::array<Column<SpeedResult>, 22> speed_columns{{
    {"architecture", [](Speed row) -> ColumnValue { return network_name(row.of.network); }},
    {"activations", [](Speed row) -> ColumnValue { return name(row.of.network.activations); }},
    {"engine", [](Speed row) -> ColumnValue { return name(row.of.network.engine); }},
    {"convolution", [](Speed row) -> ColumnValue { return name(row.of.network.convolution); }},
    {"coupling", [](Speed row) -> ColumnValue { return name(row.of.network.coupling); }},
    {"grid_bits", [](Speed row) { return integer(row.of.network.grid_bits); }},
    {"batch", [](Speed row) { return integer(row.of.training.batch); }},
    {"threads", [](Speed row) { return integer(row.of.training.threads); }},
    {"image_size", [](Speed row) { return integer(image_size_of(row.of)); }},
    {"classes", [](Speed row) { return integer(classes(row.of)); }},
    {"seconds", [](Speed row) -> ColumnValue { return median(row.step_seconds); }},
    {"seconds_decile_1", [](Speed row) -> ColumnValue { return quantile(row.step_seconds, 0.1); }},
    {"seconds_decile_9", [](Speed row) -> ColumnValue { return quantile(row.step_seconds, 0.9); }},
    {"floor_seconds", [](Speed row) -> ColumnValue { return row.floor_seconds; }},
    {"floor_seconds_out_of_cache", [](Speed row) -> ColumnValue { return row.floor_seconds_out_of_cache; }},
    {"limit_seconds", [](Speed row) -> ColumnValue { return step_limit(row); }},
    {"flops", [](Speed row) -> ColumnValue { return row.flops; }},
    {"sgemm_flops_per_second", [](Speed row) -> ColumnValue { return row.sgemm_gflops / giga; }},
    {"peak_multiply_adds_per_second", [](Speed row) -> ColumnValue { return row.peak.multiply_adds; }},
    {"peak_bytes_per_second", [](Speed row) -> ColumnValue { return row.peak.bytes; }},
    {"saved_bytes", [](Speed row) { return integer(row.saved_bytes); }},
    {"peak_bytes", [](Speed row) { return integer(row.peak_bytes); }},
}};

}  // namespace

Table speed_data(const SpeedStudy& study) {
  std::vector<std::string> header;
  for (const auto& column : speed_columns) header.emplace_back(column.name);
  Table table(std::move(header));
  for (const SpeedResult& result : study.results) {
    std::vector<std::string> cells;
    for (const auto& column : speed_columns) cells.push_back(to_text(column.of(result)));
    table.add(std::move(cells));
  }
  return table;
}

Table profile_table(const SpeedResult& result, bool names_case) {
  std::vector<std::string> named,
      header{"operation", "size",     "calls",    "ms",       "share",      "GFLOP/s",
             "GB/s",      "limit ms", "of limit", "floor ms", "uncached ms"};
  if (names_case) {
    named = {network_name(result.of.network), name(result.of.network.activations)};
    header.insert(header.begin(), {"network", "activations"});
  }
  Table table(std::move(header));
  const auto add = [&](const std::vector<std::string>& row) {
    std::vector<std::string> cells = named;
    cells.insert(cells.end(), row.begin(), row.end());
    table.add(std::move(cells));
  };
  struct Times {
    double floor = 0, out_of_cache = 0;
  };
  std::map<std::pair<Operation, std::int64_t>, Times> floor;
  for (const IsolatedPrimitive& primitive : result.floor) {
    Times& times = floor[{primitive.cost.operation, primitive.cost.height}];
    times.floor += static_cast<double>(primitive.count) * primitive.seconds();
    times.out_of_cache += static_cast<double>(primitive.count) * primitive.seconds_out_of_cache();
  }
  const auto steps = static_cast<double>(result.profiled_steps);
  const Profile::Row total = result.profile.total();
  const auto limit = limits(result.profile, result.peak);
  const double limit_of_all = limit_seconds(result.profile, result.peak);
  for (const auto& [key, row] : result.profile.rows()) {
    const auto [operation, height] = key;
    const auto found = floor.find(key);
    add({std::string(name(operation)), height == 0 ? "-" : fmt::format("{0}x{0}", height),
         format_fixed(static_cast<double>(row.calls) / steps, 0),
         format_fixed(row.seconds / steps * milli, 2),
         fmt::format("{:.1f} %", 100 * row.seconds / total.seconds),
         row.flops > 0 ? format_fixed(row.flops / row.seconds * giga, 0) : "-",
         format_fixed(row.bytes / row.seconds * giga, 1), format_fixed(limit.at(key) / steps * milli, 2),
         percent(limit.at(key) / row.seconds),
         found == floor.end() ? "-" : format_fixed(found->second.floor * milli, 2),
         found == floor.end() ? "-" : format_fixed(found->second.out_of_cache * milli, 2)});
  }
  add({"all", "-", format_fixed(static_cast<double>(total.calls) / steps, 0),
       format_fixed(total.seconds / steps * milli, 2), "100.0 %",
       format_fixed(total.flops / total.seconds * giga, 0),
       format_fixed(total.bytes / total.seconds * giga, 1), format_fixed(limit_of_all / steps * milli, 2),
       percent(limit_of_all / total.seconds), format_fixed(result.floor_seconds * milli, 2),
       format_fixed(result.floor_seconds_out_of_cache * milli, 2)});
  return table;
}

namespace {

// Calls of(row) for every row.
template <class Rows, class Of>
auto column(const Rows& rows, Of of) {
  std::vector<std::invoke_result_t<Of, const typename Rows::value_type&>> values;
  for (const auto& row : rows) values.push_back(of(row));
  return values;
}

void write_floor(hdf5::Writer& log, const std::string& group, const std::vector<IsolatedPrimitive>& floor) {
  using Row = const IsolatedPrimitive&;
  log.texts(group + "/operation",
            column(floor, [](Row row) { return std::string(name(row.cost.operation)); }));
  log.texts(group + "/shape", column(floor, [](Row row) { return row.shape; }));
  log.texts(group + "/implementation", column(floor, [](Row row) { return row.fastest().implementation; }));
  log.integers(group + "/count", column(floor, [](Row row) { return row.count; }));
  log.doubles(group + "/seconds", column(floor, [](Row row) { return row.seconds(); }));
  log.doubles(group + "/seconds_out_of_cache",
              column(floor, [](Row row) { return row.seconds_out_of_cache(); }));
}

// Each row's totals are divided by the number of steps.
void write_profile(hdf5::Writer& log, const std::string& group, const Profile& profile, const Peak& peak,
                   std::int64_t steps) {
  using Row = const Profile::Rows::value_type&;
  const auto& rows = profile.rows();
  const auto of_step = [&](double Profile::Row::*figure) {
    return column(rows, [&](Row row) { return row.second.*figure / static_cast<double>(steps); });
  };
  log.texts(group + "/operation", column(rows, [](Row row) { return std::string(name(row.first.first)); }));
  log.integers(group + "/height", column(rows, [](Row row) { return row.first.second; }));
  log.integers(group + "/calls", column(rows, [&](Row row) { return row.second.calls / steps; }));
  log.doubles(group + "/seconds", of_step(&Profile::Row::seconds));
  log.doubles(group + "/flops", of_step(&Profile::Row::flops));
  log.doubles(group + "/bytes", of_step(&Profile::Row::bytes));
  const auto limit = limits(profile, peak);
  log.doubles(group + "/limit_seconds",
              column(rows, [&](Row row) { return limit.at(row.first) / static_cast<double>(steps); }));
}

}  // namespace

void write_speed_log(const std::filesystem::path& file, const SpeedStudy& study, const std::string& command) {
  hdf5::Writer log = start_study_log(file, "speed", command);
  for (std::size_t i = 0; i < study.results.size(); ++i) {
    const SpeedResult& result = study.results[i];
    const std::string group = fmt::to_string(i + 1);
    log.group(group);
    for (const auto& column : speed_columns) {
      std::visit([&](const auto& value) { log.attribute(group, column.name, value); }, column.of(result));
    }
    log.doubles(group + "/step_seconds", result.step_seconds);
    write_floor(log, group + "/floor", result.floor);
    if (study.options.profile) {
      write_profile(log, group + "/profile", result.profile, result.peak, result.profiled_steps);
    }
  }
  log.save();
}

}  // namespace revnet
