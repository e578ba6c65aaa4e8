// What a resumed run may differ in from the run so far, and what of that may change its bits.
#pragma once

#include <string>
#include <vector>

#include "record/config.h"
#include "record/run_log.h"

namespace revnet {

// Whether the setting decides nothing of what is computed; it may decide which rows are logged.
bool may_differ_when_resumed(const std::string& key);

// UsageError naming the first setting that differs and must not; `where` opens it. Rows may come at other
// iterations from now on, and a run may become longer, with other fractions at which its learning rate falls.
void check_same_run(const Config& now, const Config& before, const std::string& where);
// The same of the data set and the network alone: settings that need not be resolved.
void check_same_network(const Config& now, const Config& before, const std::string& where);

// The command that goes on with what a command began: the same with --resume.
std::string resuming(std::string command);

// Root attribute of run.h5: what changed when the run was resumed; missing when nothing did.
inline constexpr const char* changed_on_resume = "changed_on_resume";
// And when the first process of the run began, "2026-01-31T12:34:56Z".
inline constexpr const char* started = "started";

// The process that goes on with a run against the one before: threads, processor, its instructions, oneDNN
// and whether it convolves by Winograd, and revnet decide the order and rounding of sums. Of the settings,
// those that check_same_run lets differ and that leave a trace.
class Resumption {
 public:
  Resumption(const RunInfo& before, const RunInfo& now, std::int64_t iteration);

  // One line for each that differs, to warn of.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // What becomes of a run that is longer now; empty where it is not.
  const std::string& extension() const { return extension_; }
  // `now`, with what changed this time and earlier added to the attribute.
  const RunInfo& info() const { return info_; }

 private:
  void compare_machines(const RunInfo& before, const RunInfo& now);
  void compare_settings(const RunInfo& before, const RunInfo& now);
  void record(const std::string& name, const std::string& was, const std::string& is);

  std::int64_t iteration_;
  RunInfo info_;
  std::vector<std::string> warnings_;
  std::string extension_;
};

}  // namespace revnet
