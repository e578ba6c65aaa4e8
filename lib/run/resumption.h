// The differences that are allowed between a resumed run and the run so far, and those that may change its
// results in the last bits.
#pragma once

#include <string>
#include <vector>

#include "record/run_log.h"
#include "settings/config.h"

namespace revnet {

// Returns whether a setting may change when a run is resumed: it acts on the rounding of sums (the number of
// threads) or on which rows are logged, if at all.
bool may_differ_when_resumed(const std::string& key);

// Throws a UsageError that names the first setting that differs and must not; the message begins with
// `where`. The intervals of the log may change, and a run may become longer, with a new training.decay_at.
void check_same_run(const Config& now, const Config& before, const std::string& where);
// Checks only the data set and the network; these settings need not be resolved.
void check_same_network(const Config& now, const Config& before, const std::string& where);

// Returns the command that resumes the run begun by `command`: the same with --resume.
std::string resuming(std::string command);

// Compares the process that resumes a run with the one before. The threads, the processor, its instructions,
// oneDNN and its support for Winograd, and revnet itself determine the order and rounding of sums. Settings
// are compared if check_same_run lets them differ and they affect the log.
class Resumption {
 public:
  Resumption(const RunInfo& before, const RunInfo& now, std::int64_t iteration);

  // One warning for each difference.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // A line about a run that is now longer; otherwise empty.
  const std::string& extension() const { return extension_; }
  // `now`, with the changes of this and earlier resumptions added to the attribute.
  const RunInfo& info() const { return info_; }
  // Damaged images that earlier processes left out.
  std::size_t images_left_out() const;

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
