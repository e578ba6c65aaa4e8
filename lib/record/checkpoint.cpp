#include "record/checkpoint.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "record/format_version.h"
#include "record/hdf5.h"
#include "record/read_apart.h"

namespace revnet {

template <class Archive>
void fields(Archive& archive, NamedArray& array) {
  archive(array.name, array.shape, array.values);
}

template <class Archive>
void fields(Archive& archive, RunningAverage& average) {
  archive(average.name, average.mean, average.variance);
}

template <class Archive>
void fields(Archive& archive, Checkpoint& checkpoint) {
  archive(checkpoint.iteration, checkpoint.progress, checkpoint.config, checkpoint.parameters,
          checkpoint.momentum, checkpoint.average, checkpoint.running, checkpoint.has_checksums);
}

namespace {

constexpr std::int64_t checkpoint_version = 1;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error("checkpoint: array '{}' {}", name, why);
}

void check_name(const std::string& name, std::set<std::string>& earlier) {
  const std::string framed = "/" + name + "/";
  if (name.empty() || framed.find("//") != std::string::npos || framed.find("/./") != std::string::npos ||
      name.find('\0') != std::string::npos) {
    refuse(name, "has an impossible name");
  }
  if (std::count(name.begin(), name.end(), '/') >= hdf5::deepest_name)
    refuse(name, "has a name of too many parts");
  if (!earlier.insert(name).second) refuse(name, "appears twice");
}

void write_arrays(hdf5::Writer& file, const std::string& group, const std::vector<NamedArray>& arrays) {
  file.group(group);
  std::set<std::string> names;
  for (const NamedArray& array : arrays) {
    check_name(array.name, names);
    std::uint64_t count = 1;
    for (const std::int64_t size : array.shape) {
      if (size < 0) refuse(array.name, "has a negative size");
      count *= static_cast<std::uint64_t>(size);
    }
    if (count != array.values.size()) {
      throw Error("checkpoint: array '{}' has {} values for a shape of {}", array.name, array.values.size(),
                  count);
    }
    file.floats(group + "/" + array.name, array.shape, array.values);
  }
}

void write_running(hdf5::Writer& file, const std::vector<RunningAverage>& averages) {
  file.group("running");
  std::set<std::string> names;
  for (const RunningAverage& average : averages) {
    check_name(average.name, names);
    if (average.mean.size() != average.variance.size()) {
      refuse(average.name, "has means and variances of different number");
    }
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(average.mean.size())};
    file.floats("running/" + average.name + "/mean", shape, average.mean);
    file.floats("running/" + average.name + "/variance", shape, average.variance);
  }
}

std::vector<NamedArray> read_arrays(const hdf5::Reader& file, const std::string& group) {
  const std::string in_group = group + "/";
  std::vector<NamedArray> arrays;
  for (const std::string& name : file.datasets(group)) {
    hdf5::FloatArray array = file.floats(in_group + name);
    arrays.push_back({name, std::move(array.shape), std::move(array.values)});
  }
  return arrays;
}

std::vector<float> read_vector(const hdf5::Reader& file, const std::string& name) {
  hdf5::FloatArray array = file.floats(name);
  if (array.shape.size() != 1) file.fail("{} has rank {}, not 1", name, array.shape.size());
  return std::move(array.values);
}

std::vector<RunningAverage> read_running(const hdf5::Reader& file) {
  // Whatever lies in the folder of a mean or a variance must be both of them, and nothing else.
  std::set<std::string> names;
  for (const std::string& dataset : file.datasets("/running")) {
    const std::size_t slash = dataset.rfind('/');
    const std::string leaf = slash == std::string::npos ? dataset : dataset.substr(slash + 1);
    if (slash == std::string::npos || (leaf != "mean" && leaf != "variance")) {
      file.fail("/running/{} is neither a mean nor a variance", dataset);
    }
    names.insert(dataset.substr(0, slash));
  }
  std::vector<RunningAverage> averages;
  for (const std::string& name : names) {
    const std::string group = "/running/" + name;
    averages.push_back({name, read_vector(file, group + "/mean"), read_vector(file, group + "/variance")});
    if (averages.back().mean.size() != averages.back().variance.size()) {
      file.fail(group + " has means and variances of different number");
    }
  }
  return averages;
}

Checkpoint read_here(const std::filesystem::path& path) {
  const hdf5::Reader file(path);
  check_kind(file, "iteration", "checkpoint", "a checkpoint.h5, or one in RUN/checkpoints");
  check_format_version(file, checkpoint_version);
  Checkpoint checkpoint;
  checkpoint.has_checksums = file.has_checksums();
  checkpoint.iteration = file.integer_attribute("/", "iteration");
  if (checkpoint.iteration < 0) file.fail("iteration {} is negative", checkpoint.iteration);
  for (const std::string& name : file.attributes("progress")) {
    checkpoint.progress[name] = file.double_attribute("progress", name);
  }
  checkpoint.config = file.text("config");
  checkpoint.parameters = read_arrays(file, "/parameters");
  checkpoint.momentum = read_arrays(file, "/momentum");
  const auto groups = file.members("/");
  if (std::ranges::find(groups, "average", &hdf5::Reader::Member::name) != groups.end()) {
    checkpoint.average = read_arrays(file, "/average");
  }
  checkpoint.running = read_running(file);
  return checkpoint;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  hdf5::Writer file(path);
  file.attribute("/", format_version_name, checkpoint_version);
  file.attribute("/", "iteration", checkpoint.iteration);
  file.group("progress");
  for (const auto& [name, value] : checkpoint.progress) file.attribute("progress", name, value);
  file.text("config", checkpoint.config);
  write_arrays(file, "parameters", checkpoint.parameters);
  write_arrays(file, "momentum", checkpoint.momentum);
  if (!checkpoint.average.empty()) write_arrays(file, "average", checkpoint.average);
  write_running(file, checkpoint.running);
  file.save();
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  return read_value_apart(path, Checkpoint(), [&] { return read_here(path); });
}

std::filesystem::path newest_whole_checkpoint(const std::filesystem::path& folder) {
  std::map<std::int64_t, std::filesystem::path> by_iteration;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    try {
      by_iteration[read_checkpoint(entry.path()).iteration] = entry.path();
    } catch (const FileError&) {  // this one is of no help
    }
  }
  return by_iteration.empty() ? std::filesystem::path() : by_iteration.rbegin()->second;
}

}  // namespace revnet
