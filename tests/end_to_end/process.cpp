#include "end_to_end/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

#ifdef __SANITIZE_ADDRESS__
constexpr std::chrono::seconds longest{1200};  // what takes seconds takes minutes
#else
constexpr std::chrono::seconds longest{120};
#endif

Environment whole_environment(const Environment& changes) {
  Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  all["OMP_WAIT_POLICY"] = "passive";
  all.try_emplace("REVNET_THREADS", "2");
  all["REVNET_DATA"] = "";
  for (const auto& [name, value] : changes) all[name] = value;
  std::erase_if(all, [](const auto& entry) { return entry.second.empty(); });
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

void redirect(int descriptor, const std::string& file, int flags) {
  const int opened = ::open(file.c_str(), flags);
  if (opened < 0 || ::dup2(opened, descriptor) < 0) ::_exit(126);
}

}  // namespace

std::string Outcome::text() const {
  return "exit code " + std::to_string(exit_code) + ", signal " + std::to_string(signal) + "\n-- stdout:\n" +
         out + "-- stderr:\n" + err;
}

Process::Process(const std::string& command, const fs::path& folder, const Arguments& arguments,
                 const Environment& environment) {
  // All memory is taken before the fork: the child may only call what is safe in a signal handler.
  std::vector<std::string> words{(fs::path(REVNET_BIN_DIR) / command).string()}, variables;
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (const auto& [name, value] : whole_environment(environment)) {
    variables.push_back(std::string(name).append("=").append(value));
  }
  std::vector<char*> argv = pointers(words), envp = pointers(variables);
  const std::string where = folder.string();
  const std::string out = (captured_ / "out").string(), err = (captured_ / "err").string();
  // Here already, because the child may be killed before it comes to that.
  write_file(out, "");
  write_file(err, "");
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("fork failed");
  if (id_ > 0) return;
  redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
  redirect(STDOUT_FILENO, out, O_WRONLY | O_TRUNC);
  redirect(STDERR_FILENO, err, O_WRONLY | O_TRUNC);
  if (::chdir(where.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

Process::~Process() {
  if (ended()) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, &status_, 0);
}

void Process::send(int signal) const {
  if (!reaped_) ::kill(id_, signal);
}

bool Process::ended() {
  if (!reaped_) reaped_ = ::waitpid(id_, &status_, WNOHANG) == id_;
  return reaped_;
}

bool Process::reaches(const std::function<bool()>& moment) {
  const Clock::time_point deadline = Clock::now() + longest;
  while (!moment()) {
    if (ended()) return false;
    if (Clock::now() > deadline)
      throw std::runtime_error("the awaited moment did not come within " + std::to_string(longest.count()) +
                               " seconds");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return !ended();
}

Outcome Process::wait() {
  const Clock::time_point deadline = Clock::now() + longest;
  while (!ended()) {
    if (Clock::now() > deadline)
      throw std::runtime_error("the command has not ended after " + std::to_string(longest.count()) +
                               " seconds");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Outcome outcome;
  if (WIFEXITED(status_)) outcome.exit_code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) outcome.signal = WTERMSIG(status_);
  outcome.out = read_file(captured_ / "out");
  outcome.err = read_file(captured_ / "err");
  return outcome;
}

Outcome train(const fs::path& folder, const Arguments& arguments, const Environment& environment) {
  return Process("revnet-train", folder, arguments, environment).wait();
}

Outcome run(const std::string& command, const fs::path& folder, const Arguments& arguments) {
  return Process(command, folder, arguments).wait();
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
