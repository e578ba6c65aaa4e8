// What a run tells while it runs: to stderr and to RUN/run.log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/stopwatch.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {

// On a terminal a bar is redrawn a few times a second; elsewhere a plain line at a modest rate. The log file
// gets the plain lines in both cases.
class Reporter {
 public:
  // Appends to log_file. Error when it cannot be opened.
  explicit Reporter(const std::filesystem::path& log_file);
  ~Reporter();

  void info(const std::string& message);
  void warn(const std::string& message);
  // An error, to the log file only: the caller will say it on stderr itself.
  void record(const std::string& message);
  // To the log file only: what nobody asks for before something is odd.
  void note(const std::string& message);

  // Starts the clock for rate and time left.
  void start(std::int64_t done, std::int64_t total, std::int64_t batch);
  // After every iteration; `recent` is the running mean that is shown. `now` asks for a line whatever the
  // rate.
  void progress(std::int64_t done, const Loss& recent, bool now);

 private:
  struct Logger;

  std::string describe(std::int64_t done, const Loss& recent) const;
  void draw_bar(std::int64_t done, const std::string& text);
  void clear_bar();

  std::unique_ptr<Logger> logger_;
  bool terminal_;
  bool bar_shown_ = false;
  std::int64_t first_ = 0, total_ = 0, batch_ = 0;
  Stopwatch since_start_, since_line_, since_bar_;
};

}  // namespace revnet
