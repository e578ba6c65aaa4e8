#include "run/reporter.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "system/host.h"

namespace revnet {
namespace {

constexpr double seconds_between_lines = 10.0;
constexpr double seconds_between_bars = 0.2;
constexpr std::size_t widest_bar = 24, narrowest_bar = 6;

}  // namespace

std::string progress_bar(double share, const std::string& text, std::size_t columns) {
  constexpr std::size_t frame = 3;  // "[" and "] "
  // The last column stays empty: some terminals wrap as soon as it is filled.
  const std::size_t room = columns == 0 ? text.size() + frame + widest_bar : columns - 1;
  if (room < text.size() + frame + narrowest_bar) return text.substr(0, room);
  const std::size_t width = std::min(widest_bar, room - text.size() - frame);
  const auto filled = static_cast<std::size_t>(static_cast<double>(width) * std::clamp(share, 0.0, 1.0));
  return "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "] " + text;
}

struct Reporter::Logger {
  spdlog::logger both, file_only;
};

Reporter::Reporter(const std::filesystem::path& log_file) : terminal_(isatty(STDERR_FILENO) != 0) {
  try {
    const auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(log_file.string());
    const auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    file->set_pattern("%Y-%m-%d %H:%M:%S %L %v");
    console->set_pattern("%v");
    logger_ = std::make_unique<Logger>(
        Logger{spdlog::logger("run", {file, console}), spdlog::logger("file", spdlog::sink_ptr(file))});
  } catch (const spdlog::spdlog_ex& error) {
    throw Error("cannot write the log {}: {}", log_file.string(), error.what());
  }
  // The text log is for people; all results are in run.h5, so a run continues without it.
  const auto complain = [said = false](const std::string& why) mutable {
    if (!std::exchange(said, true)) std::fprintf(stderr, "warning: cannot write the log: %s\n", why.c_str());
  };
  const auto once = std::make_shared<std::function<void(const std::string&)>>(complain);
  for (spdlog::logger* logger : {&logger_->both, &logger_->file_only}) {
    logger->set_error_handler([once](const std::string& why) { (*once)(why); });
  }
  logger_->both.flush_on(spdlog::level::info);
  logger_->file_only.flush_on(spdlog::level::info);
}

Reporter::~Reporter() {
  clear_bar();
}

void Reporter::info(const std::string& message) {
  clear_bar();
  logger_->both.info(message);
}

void Reporter::warn(const std::string& message) {
  clear_bar();
  logger_->both.warn("warning: " + message);
}

void Reporter::record(const std::string& message) {
  clear_bar();
  logger_->file_only.error(message);
}

void Reporter::note(const std::string& message) {
  logger_->file_only.info(message);
}

void Reporter::start(std::int64_t done, std::int64_t total, std::int64_t batch) {
  first_ = done;
  total_ = total;
  batch_ = batch;
  since_start_.restart();
  since_line_.restart();
}

std::string Reporter::describe(std::int64_t done, const Loss& recent, Rates rates) const {
  const double seconds = since_start_.seconds();
  const double rate = static_cast<double>(done - first_) / std::max(seconds, 1e-9);
  const double left = static_cast<double>(total_ - done) / std::max(rate, 1e-9);
  const std::string images =
      rates == Rates::both ? fmt::format("  {:.0f} images/s", rate * static_cast<double>(batch_)) : "";
  return fmt::format("{}/{}  {:.2f} it/s{}  cross entropy {:.4f}  error {:.2f} %  left {}", done, total_,
                     rate, images, recent.mean_cross_entropy(), recent.error_percent(),
                     format_duration(left));
}

void Reporter::progress(std::int64_t done, const Loss& recent, bool now) {
  const bool line_due = now || since_line_.seconds() >= seconds_between_lines;
  const bool bar_due = terminal_ && since_bar_.seconds() >= seconds_between_bars;
  if (!line_due && !bar_due) return;
  if (line_due) {
    since_line_.restart();
    (terminal_ ? logger_->file_only : logger_->both).info(describe(done, recent, Rates::both));
  }
  if (bar_due) draw_bar(done, recent);
}

void Reporter::draw_bar(std::int64_t done, const Loss& recent) {
  since_bar_.restart();
  const std::size_t columns = terminal_columns(STDERR_FILENO);
  std::string text = describe(done, recent, Rates::both);
  if (columns > 0 && text.size() >= columns) text = describe(done, recent, Rates::iterations);
  const double share = static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(total_, 1));
  std::fprintf(stderr, "\r\033[K%s", progress_bar(share, text, columns).c_str());
  std::fflush(stderr);
  bar_shown_ = true;
}

void Reporter::clear_bar() {
  if (!bar_shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  bar_shown_ = false;
}

}  // namespace revnet
