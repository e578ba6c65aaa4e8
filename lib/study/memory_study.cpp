#include "study/memory_study.h"

#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/quantile.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "net/network.h"
#include "study/columns.h"
#include "study/growth.h"
#include "study/study_log.h"
#include "system/host.h"
#include "system/memory_limit.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/memory_plan.h"
#include "train/setup.h"
#include "train/sgd.h"

namespace revnet {
namespace {

void fill_images(std::span<float> images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<float>((i * 2654435761U >> 8U) % 256) - 128.0f;
  }
}

// The name of a network where its units have a column of their own.
std::string name_without_units(const Config& config) {
  Config::Network network = config.network;
  network.units.clear();
  return network_name(network);
}

bool is_planned(const MemoryResult& result) {
  return result.resident_bytes == 0;
}

}  // namespace

MemoryResult plan_case(const Config& config) {
  const MemoryPlan plan = plan_memory(config);
  MemoryResult result;
  result.of = config;
  result.saved_bytes = plan.peak(MemoryPurpose::saved_activations);
  result.tape_bytes = plan.peak(MemoryPurpose::tape);
  result.peak_bytes = plan.peak_bytes;
  result.arena_bytes = plan.arena_bytes;
  return result;
}

MemoryResult measure_case(const Config& config, std::int64_t steps) {
  const MemoryPlan plan = plan_memory(config);
  check_memory(config, plan, {}, tightest_memory_limit(memory_limits()));
  Device device(config.training.threads, plan.arena_bytes);
  Network network(device, architecture(config), network_options(config));
  network.initialize(config.training.seed);
  const Sgd sgd(network.parameters(), config.training.momentum, config.training.weight_decay);
  Tensor images = network.make_images();
  fill_images(images.values());
  std::vector<std::int32_t> labels(static_cast<std::size_t>(config.training.batch));
  const auto all = static_cast<std::size_t>(classes(config));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % all);
  const auto step = [&] {
    network.compute_gradient(images, labels);
    sgd.step(device, 0.01);
    network.parameters_changed();
  };
  step();
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < steps; ++i) {
    const Stopwatch stopwatch;
    step();
    seconds.push_back(stopwatch.seconds());
  }
  Profile profile;
  device.set_profile(&profile);
  step();
  MemoryResult result;
  result.of = config;
  result.saved_bytes = device.ledger().peak(MemoryPurpose::saved_activations);
  result.tape_bytes = device.ledger().peak(MemoryPurpose::tape);
  result.peak_bytes = device.ledger().peak();
  result.resident_bytes = peak_resident_bytes();
  result.macs = static_cast<std::int64_t>(profile.total().flops / 2);
  result.seconds = median(seconds);
  return result;
}

Table memory_table(const MemoryStudy& study) {
  Table table({"network", "units", "L", "activations", "batch", "saved", "recomputed", "peak", "resident",
               "GMACs/step", "ms/step"});
  for (const MemoryResult& result : study) {
    const Architecture network = architecture(result.of);
    std::vector<std::string> row{name_without_units(result.of),
                                 network.units_text(),
                                 fmt::to_string(network.depth()),
                                 name(result.of.network.activations),
                                 fmt::to_string(result.of.training.batch),
                                 format_bytes(result.saved_bytes),
                                 format_bytes(result.tape_bytes),
                                 format_bytes(result.peak_bytes)};
    if (is_planned(result)) {
      row.insert(row.end(), 3, "-");
    } else {
      row.push_back(format_bytes(result.resident_bytes));
      row.push_back(format_fixed(static_cast<double>(result.macs) / 1e9, 2));
      row.push_back(format_fixed(result.seconds * 1e3, 1));
    }
    table.add(std::move(row));
  }
  return table;
}

namespace {

using Memory = const MemoryResult&;

constexpr std::array<Column<MemoryResult>, 14> planned_columns{{
    {"architecture", [](Memory row) -> ColumnValue { return name_without_units(row.of); }},
    {"units", [](Memory row) -> ColumnValue { return architecture(row.of).units_text(); }},
    {"depth", [](Memory row) { return integer(architecture(row.of).depth()); }},
    {"activations", [](Memory row) -> ColumnValue { return name(row.of.network.activations); }},
    {"engine", [](Memory row) -> ColumnValue { return name(row.of.network.engine); }},
    {"convolution", [](Memory row) -> ColumnValue { return name(row.of.network.convolution); }},
    {"coupling", [](Memory row) -> ColumnValue { return name(row.of.network.coupling); }},
    {"batch", [](Memory row) { return integer(row.of.training.batch); }},
    {"threads", [](Memory row) { return integer(row.of.training.threads); }},
    {"image_size", [](Memory row) { return integer(image_size_of(row.of)); }},
    {"classes", [](Memory row) { return integer(classes(row.of)); }},
    {"saved_bytes", [](Memory row) { return integer(row.saved_bytes); }},
    {"tape_bytes", [](Memory row) { return integer(row.tape_bytes); }},
    {"peak_bytes", [](Memory row) { return integer(row.peak_bytes); }},
}};
constexpr std::array<Column<MemoryResult>, 3> measured_columns{{
    {"resident_bytes", [](Memory row) { return integer(row.resident_bytes); }},
    {"macs", [](Memory row) { return integer(row.macs); }},
    {"seconds", [](Memory row) -> ColumnValue { return row.seconds; }},
}};

}  // namespace

Table memory_data(const MemoryStudy& study) {
  std::vector<std::string> header;
  for (const auto& column : planned_columns) header.emplace_back(column.name);
  for (const auto& column : measured_columns) header.emplace_back(column.name);
  Table table(std::move(header));
  for (const MemoryResult& result : study) {
    std::vector<std::string> cells;
    for (const auto& column : planned_columns) cells.push_back(to_text(column.of(result)));
    for (const auto& column : measured_columns) {
      cells.push_back(is_planned(result) ? std::string() : to_text(column.of(result)));
    }
    table.add(std::move(cells));
  }
  return table;
}

namespace {

// The curves of one architecture, mode and batch over the depths.
struct Curve {
  std::vector<double> depths, activations, peak, macs;
};
using CurveKey = std::tuple<std::string, Config::Network::Activations, std::int64_t>;

std::map<CurveKey, Curve> curves_of(const MemoryStudy& study) {
  std::map<CurveKey, Curve> curves;
  for (const MemoryResult& result : study) {
    Curve& curve =
        curves[{name_without_units(result.of), result.of.network.activations, result.of.training.batch}];
    curve.depths.push_back(static_cast<double>(architecture(result.of).depth()));
    curve.activations.push_back(static_cast<double>(result.saved_bytes + result.tape_bytes));
    curve.peak.push_back(static_cast<double>(result.peak_bytes));
    curve.macs.push_back(static_cast<double>(result.macs));
  }
  return curves;
}

}  // namespace

Table growth_table(const MemoryStudy& study) {
  Table table({"network", "activations", "batch", "saved and recomputed", "peak", "multiply-adds"});
  for (const auto& [key, curve] : curves_of(study)) {
    if (std::set<double>(curve.depths.begin(), curve.depths.end()).size() < depths_for_growth) continue;
    const auto& [network, activations, batch] = key;
    const bool planned = curve.macs.front() == 0;
    table.add({network, name(activations), fmt::to_string(batch),
               describe(fit_growth(curve.depths, curve.activations)),
               describe(fit_growth(curve.depths, curve.peak)),
               planned ? "-" : describe(fit_growth(curve.depths, curve.macs))});
  }
  return table;
}

namespace {

// Writes the values of a column for all results; they have one type.
void write_column(hdf5::Writer& log, const Column<MemoryResult>& column, const MemoryStudy& study) {
  const auto values = [&]<class Value>(Value /*of_this_type*/) {
    std::vector<Value> result;
    for (const MemoryResult& row : study) result.push_back(std::get<Value>(column.of(row)));
    return result;
  };
  const std::string name = std::string("cases/") + column.name;
  switch (column.of(study.front()).index()) {
    case 0:
      return log.texts(name, values(std::string()));
    case 1:
      return log.integers(name, values(std::int64_t{}));
    default:
      return log.doubles(name, values(double{}));
  }
}

}  // namespace

void write_memory_log(const std::filesystem::path& file, const MemoryStudy& study,
                      const std::string& command) {
  hdf5::Writer log = start_study_log(file, "memory", command);
  for (const auto& column : planned_columns) write_column(log, column, study);
  for (const auto& column : measured_columns) write_column(log, column, study);
  log.save();
}

}  // namespace revnet
