// Progress messages of a run, to stderr and to RUN/run.log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/stopwatch.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {

// One line, "[====    ] text", for a terminal of so many columns (0: unknown). A line that wraps could not be
// drawn over, so the bar is left out, and then the end of the text, where there is no room for them.
std::string progress_bar(double share, const std::string& text, std::size_t columns);

// Redraws a progress bar a few times a second on a terminal; elsewhere prints a plain line now and then. The
// log file receives plain lines in both cases.
class Reporter {
 public:
  // Appends to log_file. Throws an Error if it cannot be opened.
  explicit Reporter(const std::filesystem::path& log_file);
  ~Reporter();

  void info(const std::string& message);
  void warn(const std::string& message);
  // Writes an error to the log file only, because the caller prints it to stderr.
  void record(const std::string& message);
  // Writes to the log file only: details that matter when something has to be diagnosed.
  void note(const std::string& message);

  // Starts the clock for the rate and the remaining time.
  void start(std::int64_t done, std::int64_t total, std::int64_t batch);
  // Called after every iteration with the running mean to show. `now` forces a line regardless of the rate.
  void progress(std::int64_t done, const Loss& recent, bool now);

 private:
  struct Logger;

  // Both rates, or only the one in iterations.
  enum class Rates { both, iterations };
  std::string describe(std::int64_t done, const Loss& recent, Rates rates) const;
  void draw_bar(std::int64_t done, const Loss& recent);
  void clear_bar();

  std::unique_ptr<Logger> logger_;
  bool terminal_;
  bool bar_shown_ = false;
  std::int64_t first_ = 0, total_ = 0, batch_ = 0;
  Stopwatch since_start_, since_line_, since_bar_;
};

}  // namespace revnet
