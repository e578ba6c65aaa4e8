#include "end_to_end/process.h"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

#ifdef __SANITIZE_ADDRESS__
constexpr std::chrono::seconds longest{1200};  // sanitizers turn seconds into minutes
#else
constexpr std::chrono::seconds longest{120};
#endif

Command command_of(const std::string& program, const fs::path& folder, const Arguments& arguments,
                   const Environment& environment, const TemporaryDirectory& captured) {
  Command command{.words = {(fs::path(REVNET_BIN_DIR) / program).string()},
                  .environment = environment,
                  .folder = folder,
                  .out = captured / "out",
                  .err = captured / "err"};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  command.environment.try_emplace("OMP_WAIT_POLICY", "passive");
  if (std::getenv("REVNET_THREADS") == nullptr) command.environment.try_emplace("REVNET_THREADS", "2");
  command.environment.try_emplace("REVNET_DATA", "");
  return command;
}

}  // namespace

std::string Outcome::text() const {
  return "exit code " + std::to_string(exit_code) + ", signal " + std::to_string(signal) + "\n-- stdout:\n" +
         out + "-- stderr:\n" + err;
}

Process::Process(const std::string& command, const fs::path& folder, const Arguments& arguments,
                 const Environment& environment)
    : child_(command_of(command, folder, arguments, environment, captured_)) {}

Process::~Process() {
  child_.send(SIGKILL);
}

bool Process::reaches(const std::function<bool()>& moment) {
  const Clock::time_point deadline = Clock::now() + longest;
  while (!moment()) {
    if (child_.wait_for(std::chrono::milliseconds(0))) return false;
    if (Clock::now() > deadline)
      throw std::runtime_error("the awaited moment did not come within " + std::to_string(longest.count()) +
                               " seconds");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return !child_.wait_for(std::chrono::milliseconds(0));
}

Outcome Process::wait() {
  const std::optional<ExitStatus> status = child_.wait_for(longest);
  if (!status) {
    throw std::runtime_error("the command has not ended after " + std::to_string(longest.count()) +
                             " seconds");
  }
  return {status->code, status->signal, read_file(captured_ / "out"), read_file(captured_ / "err")};
}

void preload(const fs::path& library, Environment& environment) {
  // Its path may have spaces, at which $LD_PRELOAD would be split.
  environment["LD_PRELOAD"] = library.filename();
  environment["LD_LIBRARY_PATH"] = library.parent_path();
}

Outcome train(const fs::path& folder, const Arguments& arguments, const Environment& environment) {
  return Process("revnet-train", folder, arguments, environment).wait();
}

Outcome run(const std::string& command, const fs::path& folder, const Arguments& arguments) {
  return Process(command, folder, arguments).wait();
}

Outcome succeeded(Outcome outcome, std::source_location where) {
  INFO(std::string(where.file_name()), ":", where.line(), ": ", outcome.text());
  REQUIRE(outcome.exit_code == 0);
  return outcome;
}

void check_refused(const std::string& command, const fs::path& folder, const Arguments& arguments,
                   const std::string& why) {
  const Outcome outcome = run(command, folder, arguments);
  INFO(outcome.text());
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.err, why));
}

std::map<std::string, std::string> snapshot(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    all[entry.path().lexically_relative(folder).string()] =
        entry.is_regular_file() ? read_file(entry.path()) : "(not a file)";
  }
  return all;
}

}  // namespace revnet::testing
