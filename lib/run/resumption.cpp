#include "run/resumption.h"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "run/extension.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

// Empty for direct convolutions, which do not depend on oneDNN's support for Winograd.
std::string winograd(const RunInfo& info) {
  const bool direct = info.extra_or("convolution") == name(Config::Network::Convolution::direct);
  return direct ? "" : info.extra_or("onednn_winograd");
}

struct Trait {
  const char* name = nullptr;
  std::string (*of)(const RunInfo& info) = nullptr;
  const char* consequence = "sums may round in another order";
};

// A trait that a file of an earlier version lacks counts as equal.
constexpr std::array traits{
    Trait{"threads", [](const RunInfo& info) { return fmt::to_string(info.threads); }},
    Trait{"cpu", [](const RunInfo& info) { return info.cpu; }},
    Trait{"instruction set", [](const RunInfo& info) { return info.extra_or("instruction_set"); }},
    Trait{"ranks", [](const RunInfo& info) { return info.extra_or("ranks", "1"); },
          "sums may round in another order, and local batch normalization sees other parts of a batch"},
    Trait{"oneDNN", [](const RunInfo& info) { return info.onednn_version; }},
    Trait{"oneDNN's Winograd", winograd},
    Trait{"data set", [](const RunInfo& info) { return info.extra_or(dataset_fingerprint); },
          "batches have other images"},
    Trait{"revnet", [](const RunInfo& info) { return info.version; }},
    Trait{"revnet's revision", [](const RunInfo& info) { return info.extra_or("revision"); }}};

constexpr std::string_view iterations_key = "training.iterations";

// Returns whether a setting may differ because the run becomes longer.
bool is_of_length(const std::string& key) {
  return key == iterations_key || key == "training.decay_at";
}

[[noreturn]] void refuse(const SettingDifference& difference, const std::string& where) {
  throw UsageError(
      "{}: {} is {} in this run, not {}; resume with the run's own settings or use another run "
      "directory",
      where, difference.key, difference.right, difference.left);
}

}  // namespace

bool may_differ_when_resumed(const std::string& key) {
  return find_setting(key)->effect != Effect::result;
}

void check_same_run(const Config& now, const Config& before, const std::string& where) {
  const bool longer = now.training.iterations > before.training.iterations;
  for (const SettingDifference& difference : differences(now, before)) {
    const std::string& key = difference.key;
    if (may_differ_when_resumed(key)) continue;
    if (longer && is_of_length(key)) continue;
    if (key == iterations_key) {
      throw UsageError("{}: {} is {} in this run, not {}; a run can become longer but not shorter", where,
                       key, difference.right, difference.left);
    }
    refuse(difference, where);
  }
}

void check_same_network(const Config& now, const Config& before, const std::string& where) {
  for (const SettingDifference& difference : differences(now, before)) {
    const std::string& key = difference.key;
    if (key == "dataset.name" || key == "network.architecture" || find_setting(key)->describes_network()) {
      refuse(difference, where);
    }
  }
}

std::string resuming(std::string command) {
  command += ' ';
  constexpr std::string_view force = " --force ", resume = " --resume ";
  if (const std::size_t at = command.find(force); at != std::string::npos) {
    command.replace(at, force.size(), " ");
  }
  if (command.find(resume) == std::string::npos) command += resume.substr(1);
  command.pop_back();
  return command;
}

Resumption::Resumption(const RunInfo& before, const RunInfo& now, std::int64_t iteration)
    : iteration_(iteration), info_(now) {
  for (const char* name : {changed_on_resume, started, images_left_out_name}) {
    const auto earlier = before.extra.find(name);
    if (earlier != before.extra.end()) info_.extra[name] = earlier->second;
  }
  compare_machines(before, now);
  compare_settings(before, now);
}

std::size_t Resumption::images_left_out() const {
  return std::strtoul(info_.extra_or(images_left_out_name, "0").c_str(), nullptr, 10);
}

void Resumption::compare_machines(const RunInfo& before, const RunInfo& now) {
  for (const Trait& trait : traits) {
    const std::string was = trait.of(before), is = trait.of(now);
    if (was == is || was.empty()) continue;
    warnings_.push_back(
        fmt::format("resuming with {} {} instead of {}: {}, so the result "
                    "will not equal an uninterrupted run's bit for bit",
                    trait.name, is, was, trait.consequence));
    record(trait.name, was, is);
  }
}

void Resumption::compare_settings(const RunInfo& before, const RunInfo& now) {
  Config was, is;
  read_config_text(was, before.config, "the run so far");
  read_config_text(is, now.config, "this process");
  const bool longer = is.training.iterations > was.training.iterations;
  if (longer) extension_ = describe_extension(is, was, iteration_);
  for (const SettingDifference& difference : differences(is, was)) {
    const bool of_rows = find_setting(difference.key)->effect == Effect::rows;
    if (!of_rows && !(longer && is_of_length(difference.key))) continue;
    record(difference.key, difference.right, difference.left);
    if (of_rows) {
      const bool other_images = difference.key == "evaluation.images";
      warnings_.push_back(fmt::format(
          "resuming with {} {} instead of {}: from here on, {}", difference.key, difference.left,
          difference.right,
          other_images ? "evaluations are of other images" : "the log has rows at other iterations"));
    }
  }
}

void Resumption::record(const std::string& name, const std::string& was, const std::string& is) {
  std::string& changed = info_.extra[changed_on_resume];
  changed +=
      fmt::format("{}{} {} -> {} after iteration {}", changed.empty() ? "" : "; ", name, was, is, iteration_);
}

}  // namespace revnet
