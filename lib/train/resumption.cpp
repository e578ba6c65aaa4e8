#include "train/resumption.h"

#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "record/config_schema.h"

namespace revnet {
namespace {

std::string extra(const RunInfo& info, const char* name, const char* otherwise) {
  const auto found = info.extra.find(name);
  return found == info.extra.end() ? otherwise : found->second;
}

// Without meaning where convolutions are direct, whatever oneDNN has.
std::string winograd(const RunInfo& info) {
  const bool direct = extra(info, "convolution", "") == name(Config::Network::Convolution::direct);
  return direct ? "" : extra(info, "onednn_winograd", "");
}

struct Trait {
  const char* name;
  std::string (*of)(const RunInfo& info);
  const char* consequence = "sums may round in another order";
};

// What is missing in files of earlier versions counts as equal.
constexpr std::array traits{
    Trait{"threads", [](const RunInfo& info) { return fmt::to_string(info.threads); }},
    Trait{"cpu", [](const RunInfo& info) { return info.cpu; }},
    Trait{"instruction set", [](const RunInfo& info) { return extra(info, "instruction_set", ""); }},
    Trait{"ranks", [](const RunInfo& info) { return extra(info, "ranks", "1"); }},
    Trait{"oneDNN", [](const RunInfo& info) { return info.onednn_version; }},
    Trait{"oneDNN's Winograd", winograd},
    Trait{"data set", [](const RunInfo& info) { return extra(info, "dataset_fingerprint", ""); },
          "batches are of other images"},
    Trait{"revnet", [](const RunInfo& info) { return info.version; }}};

}  // namespace

bool may_differ_when_resumed(const std::string& key) {
  const Effect effect = find_setting(key)->effect;
  return effect == Effect::none || effect == Effect::speed;
}

void check_same_run(const Config& now, const Config& before, const std::string& where) {
  for (const SettingDifference& difference : differences(now, before)) {
    if (may_differ_when_resumed(difference.key)) continue;
    throw UsageError(
        "{}: {} is {} in this run, {} was asked for; resume with the run's own settings or start "
        "another run directory",
        where, difference.key, difference.right, difference.left);
  }
}

Resumption::Resumption(const RunInfo& before, const RunInfo& now, std::int64_t iteration) : info_(now) {
  const auto earlier = before.extra.find(changed_on_resume);
  std::string changed = earlier == before.extra.end() ? "" : earlier->second;
  for (const Trait& trait : traits) {
    const std::string was = trait.of(before), is = trait.of(now);
    if (was == is || was.empty()) continue;
    warnings_.push_back(
        fmt::format("resuming with {} {}, the run so far had {}: {}, so the result "
                    "will not equal an uninterrupted run's bit for bit",
                    trait.name, is, was, trait.consequence));
    changed += fmt::format("{}{} {} -> {} after iteration {}", changed.empty() ? "" : "; ", trait.name, was,
                           is, iteration);
  }
  if (!changed.empty()) info_.extra[changed_on_resume] = changed;
  const auto began = before.extra.find(started);
  if (began != before.extra.end()) info_.extra[started] = began->second;
}

}  // namespace revnet
