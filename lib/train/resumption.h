// What a resumed run may differ in from the run so far, and what of that may change its bits.
#pragma once

#include <string>
#include <vector>

#include "record/config.h"
#include "record/run_log.h"

namespace revnet {

// Whether a resumed run may have another value of this setting: all others decide what is computed, or which
// rows are logged.
bool may_differ_when_resumed(const std::string& key);

// UsageError naming the first setting that differs and must not; `where` opens it.
void check_same_run(const Config& now, const Config& before, const std::string& where);

// Root attribute of run.h5: what changed when the run was resumed; missing when nothing did.
inline constexpr const char* changed_on_resume = "changed_on_resume";
// And when the first process of the run began, "2026-01-31T12:34:56Z".
inline constexpr const char* started = "started";

// The process that goes on with a run against the one before: threads, processor, its instructions, oneDNN
// and whether it convolves by Winograd, and revnet decide the order and rounding of sums.
class Resumption {
 public:
  Resumption(const RunInfo& before, const RunInfo& now, std::int64_t iteration);

  // One line for each that differs, to warn of.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // `now`, with what changed this time and earlier added to the attribute.
  const RunInfo& info() const { return info_; }

 private:
  RunInfo info_;
  std::vector<std::string> warnings_;
};

}  // namespace revnet
