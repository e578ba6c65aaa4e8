#include "study/memory_study.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/quantile.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "net/network.h"
#include "study/study_log.h"
#include "system/host.h"
#include "train/memory_plan.h"
#include "train/sgd.h"

namespace revnet {
namespace {

NetworkOptions options_of(const MemoryCase& what) {
  NetworkOptions options;
  options.image_size = what.architecture.image_size;
  options.classes = what.architecture.classes;
  options.batch = what.batch;
  options.activations = what.activations;
  options.engine = what.engine;
  return options;
}

MemoryResult result_of(const MemoryLedger& ledger) {
  MemoryResult result;
  result.saved_bytes = ledger.peak(MemoryPurpose::saved_activations);
  result.tape_bytes = ledger.peak(MemoryPurpose::tape);
  result.peak_bytes = ledger.peak();
  return result;
}

void fill_images(std::span<float> images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<float>((i * 2654435761U >> 8U) % 256) - 128.0f;
  }
}

}  // namespace

Architecture MemoryCase::network() const {
  Architecture result = architecture;
  if (units == 0) return result;
  for (Architecture::Stage& stage : result.stages) stage.units = units;
  return result;
}

MemoryResult plan_case(const MemoryCase& what) {
  const MemoryPlan plan = plan_memory(what.network(), options_of(what), what.threads);
  MemoryResult result;
  result.saved_bytes = plan.peak(MemoryPurpose::saved_activations);
  result.tape_bytes = plan.peak(MemoryPurpose::tape);
  result.peak_bytes = plan.peak_bytes;
  result.arena_bytes = plan.arena_bytes;
  return result;
}

MemoryResult measure_case(const MemoryCase& what, std::int64_t steps) {
  const Architecture architecture = what.network();
  const MemoryPlan plan = plan_memory(architecture, options_of(what), what.threads);
  Device device(what.threads, plan.arena_bytes);
  Network network(device, architecture, options_of(what));
  network.initialize(1);
  const Sgd sgd(network.parameters(), 0.9, 2e-4);
  Tensor images = network.make_images();
  fill_images(images.values());
  std::vector<std::int32_t> labels(static_cast<std::size_t>(what.batch));
  const auto classes = static_cast<std::size_t>(architecture.classes);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % classes);
  Profile profile;
  std::vector<double> seconds;
  const auto step = [&] {
    network.compute_gradient(images, labels);
    sgd.step(device, 0.01);
    network.parameters_changed();
  };
  step();
  for (std::int64_t i = 0; i < steps; ++i) {
    const Stopwatch stopwatch;
    step();
    seconds.push_back(stopwatch.seconds());
  }
  device.set_profile(&profile);
  step();
  MemoryResult result = result_of(device.ledger());
  result.resident_bytes = peak_resident_bytes();
  result.macs = static_cast<std::int64_t>(profile.total().flops / 2);
  result.seconds = median(seconds);
  return result;
}

std::vector<Growth> fit_growth(const std::vector<double>& depths, const std::vector<double>& values) {
  if (std::set<double>(depths.begin(), depths.end()).size() < 3 || depths.size() != values.size()) {
    throw std::logic_error("fit_growth: three depths are needed, and a value for each");
  }
  const struct {
    const char* name;
    double (*g)(double);
  } growths[] = {{"1", [](double) { return 0.0; }},
                 {"log L", [](double depth) { return std::log(depth); }},
                 {"sqrt L", [](double depth) { return std::sqrt(depth); }},
                 {"L", [](double depth) { return depth; }},
                 {"L log L", [](double depth) { return depth * std::log(depth); }}};
  const auto n = static_cast<double>(depths.size());
  double mean_y = 0;
  for (const double y : values) mean_y += y / n;
  std::vector<Growth> fits;
  for (const auto& [name, g] : growths) {
    double mean_x = 0, xx = 0, xy = 0;
    for (const double depth : depths) mean_x += g(depth) / n;
    for (std::size_t i = 0; i < depths.size(); ++i) {
      const double x = g(depths[i]) - mean_x;
      xx += x * x;
      xy += x * (values[i] - mean_y);
    }
    Growth fit{name, 0, xx > 0 ? xy / xx : 0, 0};
    fit.a = mean_y - fit.b * mean_x;
    double squares = 0;
    for (std::size_t i = 0; i < depths.size(); ++i) {
      squares += std::pow(values[i] - fit.a - fit.b * g(depths[i]), 2) / n;
    }
    fit.residual = mean_y == 0 ? 0 : std::sqrt(squares) / std::abs(mean_y);
    fits.push_back(fit);
  }
  // Values that vary by less than this count as constant.
  constexpr double constant = 0.01;
  if (fits.front().residual < constant) return fits;
  std::ranges::stable_sort(fits, {}, &Growth::residual);
  return fits;
}

Table memory_table(const MemoryStudy& study) {
  Table table({"network", "units", "L", "activations", "batch", "saved", "recomputed", "peak", "resident",
               "GMACs/step", "ms/step"});
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const MemoryCase& what = study.cases[i];
    const MemoryResult& result = study.results[i];
    const Architecture network = what.network();
    std::vector<std::string> row{network.name,
                                 network.units_text(),
                                 fmt::to_string(network.depth()),
                                 std::string(name(what.activations)),
                                 fmt::to_string(what.batch),
                                 format_bytes(result.saved_bytes),
                                 format_bytes(result.tape_bytes),
                                 format_bytes(result.peak_bytes)};
    if (result.resident_bytes == 0) {
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

Table memory_data(const MemoryStudy& study) {
  Table table({"architecture", "units", "depth", "activations", "engine", "batch", "threads", "image_size",
               "classes", "saved_bytes", "tape_bytes", "peak_bytes", "resident_bytes", "macs", "seconds"});
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const MemoryCase& what = study.cases[i];
    const MemoryResult& result = study.results[i];
    const bool planned = result.resident_bytes == 0;
    const auto measured = [&](const auto& figure) {
      return planned ? std::string() : fmt::format("{}", figure);
    };
    const Architecture network = what.network();
    table.add({network.name, network.units_text(), fmt::to_string(network.depth()),
               std::string(name(what.activations)), std::string(name(what.engine)),
               fmt::to_string(what.batch), fmt::to_string(what.threads), fmt::to_string(network.image_size),
               fmt::to_string(network.classes), fmt::to_string(result.saved_bytes),
               fmt::to_string(result.tape_bytes), fmt::to_string(result.peak_bytes),
               measured(result.resident_bytes), measured(result.macs), measured(result.seconds)});
  }
  return table;
}

namespace {

// The curves of one architecture, mode and batch over the depths.
struct Curve {
  std::vector<double> depths, activations, peak, macs;
};

std::map<std::tuple<std::string, ActivationMode, std::int64_t>, Curve> curves_of(const MemoryStudy& study) {
  std::map<std::tuple<std::string, ActivationMode, std::int64_t>, Curve> curves;
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const MemoryCase& what = study.cases[i];
    const MemoryResult& result = study.results[i];
    Curve& curve = curves[{what.architecture.name, what.activations, what.batch}];
    curve.depths.push_back(static_cast<double>(what.network().depth()));
    curve.activations.push_back(static_cast<double>(result.saved_bytes + result.tape_bytes));
    curve.peak.push_back(static_cast<double>(result.peak_bytes));
    curve.macs.push_back(static_cast<double>(result.macs));
  }
  return curves;
}

// "sqrt L (1.8 %)", or "L or L log L (2.3 %)" if the residual of one is hardly smaller than that of another.
std::string describe(const std::vector<Growth>& fits) {
  constexpr double hardly = 1.2;
  const double least = fits.front().residual;
  std::vector<std::string> names{fits.front().name};
  for (std::size_t i = 1; i < fits.size() && fits.front().name != "1"; ++i) {
    if (fits[i].residual < hardly * least) names.push_back(fits[i].name);
  }
  return fmt::format("{} ({:.1f} %)", join(names, " or "), 100 * least);
}

}  // namespace

Table growth_table(const MemoryStudy& study) {
  Table table({"network", "activations", "batch", "saved and recomputed", "peak", "multiply-adds"});
  for (const auto& [key, curve] : curves_of(study)) {
    if (std::set<double>(curve.depths.begin(), curve.depths.end()).size() < depths_for_growth) continue;
    const auto& [network, mode, batch] = key;
    const bool planned = curve.macs.front() == 0;
    table.add({network, std::string(name(mode)), fmt::to_string(batch),
               describe(fit_growth(curve.depths, curve.activations)),
               describe(fit_growth(curve.depths, curve.peak)),
               planned ? "-" : describe(fit_growth(curve.depths, curve.macs))});
  }
  return table;
}

void write_memory_log(const std::filesystem::path& file, const MemoryStudy& study,
                      const std::string& command) {
  hdf5::Writer log = start_study_log(file, "memory", command);
  std::vector<std::string> architectures, activations, engines;
  std::map<std::string, std::vector<std::int64_t>> integers;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const MemoryCase& what = study.cases[i];
    const MemoryResult& result = study.results[i];
    architectures.push_back(what.architecture.name);
    activations.emplace_back(name(what.activations));
    engines.emplace_back(name(what.engine));
    integers["units"].push_back(what.network().stages.front().units);
    integers["depth"].push_back(what.network().depth());
    integers["batch"].push_back(what.batch);
    integers["threads"].push_back(what.threads);
    integers["image_size"].push_back(what.architecture.image_size);
    integers["classes"].push_back(what.architecture.classes);
    integers["saved_bytes"].push_back(static_cast<std::int64_t>(result.saved_bytes));
    integers["tape_bytes"].push_back(static_cast<std::int64_t>(result.tape_bytes));
    integers["peak_bytes"].push_back(static_cast<std::int64_t>(result.peak_bytes));
    integers["resident_bytes"].push_back(static_cast<std::int64_t>(result.resident_bytes));
    integers["macs"].push_back(result.macs);
    seconds.push_back(result.seconds);
  }
  log.texts("cases/architecture", architectures);
  log.texts("cases/activations", activations);
  log.texts("cases/engine", engines);
  for (const auto& [name, values] : integers) log.integers("cases/" + name, values);
  log.doubles("cases/seconds", seconds);
  log.save();
}

}  // namespace revnet
