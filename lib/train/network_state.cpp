#include "train/network_state.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/error.h"

namespace revnet {
namespace {

Shape whole_shape(const Parameter& parameter) {
  Shape shape = parameter.shape();
  shape[0] = parameter.rows.total;
  return shape;
}

// The offset of a part's rows in the row-major values of the whole parameter.
std::size_t part_offset(const Parameter& parameter) {
  return static_cast<std::size_t>(parameter.rows.first * (parameter.size() / parameter.shape()[0]));
}

std::vector<NamedArray> export_arrays(const Network& network, Tensor Parameter::*which) {
  std::vector<NamedArray> arrays;
  std::map<std::string, std::size_t> index;
  for (const Parameter* parameter : network.parameters()) {
    const auto [entry, is_new] = index.try_emplace(parameter->name, arrays.size());
    if (is_new) {
      const Shape shape = whole_shape(*parameter);
      arrays.push_back(
          {parameter->name, shape, std::vector<float>(static_cast<std::size_t>(elements(shape)))});
    }
    if (parameter->value.device().is_planning()) continue;
    const std::vector<float> part = to_plain(parameter->*which);
    std::ranges::copy(
        part, arrays[entry->second].values.begin() + static_cast<std::ptrdiff_t>(part_offset(*parameter)));
  }
  return arrays;
}

// Looks up a checkpoint's arrays by name, and keeps track of those that are left over.
class ArrayLookup {
 public:
  ArrayLookup(const std::vector<NamedArray>& arrays, std::string where) : where_(std::move(where)) {
    for (const NamedArray& array : arrays) arrays_[array.name] = {&array, false};
  }

  const NamedArray& get(const std::string& name, const Shape& shape) {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) {
      throw Error("{}{} is missing: the checkpoint belongs to another network", where_, name);
    }
    if (found->second.array->shape != shape) {
      throw Error("{}{} has shape [{}] instead of this network's [{}]", where_, name,
                  fmt::join(found->second.array->shape, ", "), fmt::join(shape, ", "));
    }
    found->second.used = true;
    return *found->second.array;
  }

  void check_all_used() const {
    for (const auto& [name, entry] : arrays_) {
      if (!entry.used) {
        throw Error("{}{} is not in this network: the checkpoint belongs to another one", where_, name);
      }
    }
  }

 private:
  struct Entry {
    const NamedArray* array;
    bool used;
  };
  std::string where_;
  std::map<std::string, Entry> arrays_;
};

// Turns each running average, a pair of vectors, into two arrays, which can be checked like parameters.
std::vector<NamedArray> as_arrays(const std::vector<RunningAverage>& running) {
  std::vector<NamedArray> arrays;
  for (const RunningAverage& average : running) {
    arrays.push_back(
        {average.name + "/mean", {static_cast<std::int64_t>(average.mean.size())}, average.mean});
    arrays.push_back(
        {average.name + "/variance", {static_cast<std::int64_t>(average.variance.size())}, average.variance});
  }
  return arrays;
}

}  // namespace

std::vector<NamedArray> export_values(const Network& network) {
  return export_arrays(network, &Parameter::value);
}

std::vector<NamedArray> export_momentum(const Network& network) {
  return export_arrays(network, &Parameter::momentum);
}

std::vector<NamedArray> export_average(const Network& network) {
  return network.options().average_weights ? export_arrays(network, &Parameter::average)
                                           : std::vector<NamedArray>{};
}

std::vector<NamedArray> export_gradients(const Network& network) {
  return export_arrays(network, &Parameter::gradient);
}

std::vector<RunningAverage> export_running(const Network& network) {
  std::vector<RunningAverage> averages;
  std::map<std::string, std::size_t> index;
  for (Norm* norm : network.norms()) {
    const auto [entry, is_new] = index.try_emplace(norm->name(), averages.size());
    const auto total = static_cast<std::size_t>(norm->rows().total);
    if (is_new) averages.push_back({norm->name(), std::vector<float>(total), std::vector<float>(total)});
    if (norm->running().mean.device().is_planning()) continue;
    RunningAverage& whole = averages[entry->second];
    const auto first = static_cast<std::ptrdiff_t>(norm->rows().first);
    std::ranges::copy(norm->running().mean.values(), whole.mean.begin() + first);
    std::ranges::copy(norm->running().variance.values(), whole.variance.begin() + first);
  }
  return averages;
}

Checkpoint export_state(const Network& network) {
  Checkpoint state;
  state.parameters = export_values(network);
  state.momentum = export_momentum(network);
  state.average = export_average(network);
  state.running = export_running(network);
  return state;
}

void import_state(Network& network, const Checkpoint& checkpoint, const std::string& origin) {
  const std::vector<NamedArray> averages = as_arrays(checkpoint.running);
  ArrayLookup values(checkpoint.parameters, origin + ": /parameters/"),
      momenta(checkpoint.momentum, origin + ": /momentum/"),
      weight_averages(checkpoint.average, origin + ": /average/"), running(averages, origin + ": /running/");
  // Look everything up before copying, so that a checkpoint that does not fit changes nothing.
  struct Copy {
    const NamedArray* from;
    std::size_t offset;
    Tensor* to;
  };
  std::vector<Copy> copies;
  for (Parameter* parameter : network.parameters()) {
    const Shape shape = whole_shape(*parameter);
    copies.push_back({&values.get(parameter->name, shape), part_offset(*parameter), &parameter->value});
    copies.push_back({&momenta.get(parameter->name, shape), part_offset(*parameter), &parameter->momentum});
    if (parameter->average.empty()) continue;
    copies.push_back(
        {&weight_averages.get(parameter->name, shape), part_offset(*parameter), &parameter->average});
  }
  for (Norm* norm : network.norms()) {
    const Shape shape{norm->rows().total};
    const auto offset = static_cast<std::size_t>(norm->rows().first);
    copies.push_back({&running.get(norm->name() + "/mean", shape), offset, &norm->running().mean});
    copies.push_back({&running.get(norm->name() + "/variance", shape), offset, &norm->running().variance});
  }
  values.check_all_used();
  momenta.check_all_used();
  if (network.options().average_weights) weight_averages.check_all_used();
  running.check_all_used();
  for (const Copy& copy : copies) {
    if (copy.to->device().is_planning()) return;
    const auto count = static_cast<std::size_t>(elements(copy.to->shape()));
    copy_from_plain(std::span(copy.from->values).subspan(copy.offset, count), *copy.to);
  }
  network.parameters_changed();
}

}  // namespace revnet
