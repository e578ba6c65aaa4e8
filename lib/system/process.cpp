#include "system/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "system/file_descriptor.h"

namespace revnet {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds to_end{10'000};  // grace period of an abandoned child before SIGKILL
constexpr milliseconds between_looks{2};

[[noreturn]] void fail_to_start(const std::string& what, int error) {
  throw Error("cannot start {}: {}", what, std::strerror(error));
}

// The child replaces its three standard descriptors one after the other, so none of the replacements may
// itself be numbered 0 to 2, as happens if this process was started with one of them closed.
FileDescriptor above_standard(FileDescriptor descriptor) {
  if (!descriptor.is_open() || descriptor.get() > STDERR_FILENO) return descriptor;
  FileDescriptor copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!copy.is_open()) fail_to_start("a process", errno);
  return copy;
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_to_start("a process", errno);
    reading = above_standard(FileDescriptor(ends[0]));
    writing = above_standard(FileDescriptor(ends[1]));
  }

  FileDescriptor reading, writing;
};

FileDescriptor open_file(const std::filesystem::path& file, int flags) {
  FileDescriptor descriptor(::open(file.c_str(), flags | O_CLOEXEC, 0666));
  if (!descriptor.is_open()) throw Error(file_failure("open", file, errno));
  return above_standard(std::move(descriptor));
}

FileDescriptor open_output(const std::filesystem::path& file) {
  if (file.empty()) return FileDescriptor();
  return open_file(file, O_WRONLY | O_CREAT | O_APPEND);
}

// Limits in the form the system calls take, built before fork(): a child must not allocate memory.
class Limits {
 public:
  explicit Limits(const ProcessLimits& limits)
      : address_space_(limits.address_space), cpu_seconds_(limits.cpu_seconds) {
    if (limits.cores.empty()) return;
    cores_.resize(static_cast<std::size_t>(std::ranges::max(limits.cores)) / CPU_SETSIZE + 1);
    CPU_ZERO_S(bytes(), cores_.data());
    for (const int core : limits.cores) CPU_SET_S(static_cast<std::size_t>(core), bytes(), cores_.data());
  }

  // Applies the limits to the calling process. Returns false, with errno set, if the system refuses.
  bool set() const {
    return (cores_.empty() || ::sched_setaffinity(0, bytes(), cores_.data()) == 0) &&
           (address_space_ == 0 || lower(RLIMIT_AS, address_space_)) &&
           (cpu_seconds_ == 0 || lower(RLIMIT_CPU, cpu_seconds_));
  }

  static bool lower(decltype(RLIMIT_CPU) resource, rlim_t value) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) return false;
    limit.rlim_cur = std::min(limit.rlim_cur, value);  // RLIM_INFINITY is the largest value
    return ::setrlimit(resource, &limit) == 0;
  }

 private:
  std::size_t bytes() const { return cores_.size() * sizeof(cpu_set_t); }

  std::vector<cpu_set_t> cores_;
  rlim_t address_space_, cpu_seconds_;
};

// This process's environment with the command's changes, as NAME=VALUE.
std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!command.environment.contains(text.substr(0, text.find('=')))) entries.push_back(text);
  }
  for (const auto& [name, value] : command.environment) {
    if (!value.empty()) entries.push_back(fmt::format("{}={}", name, value));
  }
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// Turns a forked child into the program. Returns only on failure, with errno set.
void become(const Command& command, const Limits& limits, const std::array<int, 3>& standard,
            char* const* words, char* const* environment) {
  for (int i = 0; i < 3; ++i) {
    const int descriptor = standard[static_cast<std::size_t>(i)];
    if (descriptor >= 0 && ::dup2(descriptor, i) < 0) return;
  }
  if (command.own_group && ::setpgid(0, 0) != 0) return;
  if (!command.folder.empty() && ::chdir(command.folder.c_str()) != 0) return;
  if (limits.set()) ::execvpe(words[0], words, environment);
}

// Returns the child's id. `out` and `err` may be closed descriptors: the child then inherits the stream.
pid_t start(const Command& command, const FileDescriptor& out, const FileDescriptor& err) {
  std::vector<std::string> words = command.words, variables = environment_of(command);
  const std::vector<char*> word_list = pointers(words), variable_list = pointers(variables);
  const Limits limits(command.limits);
  const FileDescriptor in = open_file("/dev/null", O_RDONLY);
  Pipe failure;  // closed by a successful exec; otherwise receives errno
  const pid_t id = ::fork();
  if (id < 0) fail_to_start(words[0], errno);
  if (id == 0) {
    become(command, limits, {in.get(), out.get(), err.get()}, word_list.data(), variable_list.data());
    const int error = errno;
    ::_exit(::write(failure.writing.get(), &error, sizeof error) == sizeof error ? 127 : 126);
  }
  failure.writing.close();
  int error = 0;
  if (without_interruption([&] { return ::read(failure.reading.get(), &error, sizeof error); }) <= 0)
    return id;
  ChildProcess(id).wait();
  if (error == ENOENT && words[0].find('/') == std::string::npos) {
    throw Error(words[0] + " is not found in $PATH");
  }
  fail_to_start(words[0], error);
}

// Reads all sources until every writer has closed its end.
void read_to_end(const std::vector<std::pair<const FileDescriptor*, std::string*>>& sources) {
  std::vector<pollfd> polled;
  for (const auto& [descriptor, text] : sources) polled.push_back({descriptor->get(), POLLIN, 0});
  for (std::size_t open = sources.size(); open > 0;) {
    if (without_interruption([&] { return ::poll(polled.data(), polled.size(), -1); }) < 0) {
      throw Error("cannot read from a process: {}", std::strerror(errno));
    }
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      std::array<char, 16384> buffer{};
      const ssize_t count = ::read(polled[i].fd, buffer.data(), buffer.size());
      if (count > 0) sources[i].second->append(buffer.data(), static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EINTR)) {
        polled[i].fd = -1;
        --open;
      }
    }
  }
}

constexpr int out_of_memory_code = 12;  // of a child that called a function

// Body of a child forked to call a function. It leaves by _exit, without destructors, because everything it
// sees belongs to the parent.
[[noreturn]] void answer(const std::function<std::string()>& function, const Limits& limits, int null, int to,
                         pid_t parent) {
  // The child inherits the parent's locks, which must not outlive the parent.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(1);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGXCPU}) std::signal(signal, SIG_DFL);
  if (!limits.set() || !Limits::lower(RLIMIT_CORE, 0) || ::dup2(null, STDERR_FILENO) < 0) ::_exit(1);
  try {
    const std::string text = function();
    ::_exit(write_all(to, std::as_bytes(std::span(text))) == 0 ? 0 : 1);
  } catch (const std::bad_alloc&) {
    ::_exit(out_of_memory_code);
  } catch (...) {
    ::_exit(1);
  }
}

}  // namespace

std::string ExitStatus::text() const {
  return signal != 0 ? fmt::format("killed by signal {}", signal) : fmt::format("exit code {}", code);
}

ChildProcess::ChildProcess(const Command& command)
    : id_(start(command, open_output(command.out), open_output(command.err))) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(status_, other.status_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (id_ < 0 || status_) return;
  try {
    send(SIGTERM);
    if (wait_for(to_end)) return;
    send(SIGKILL);
    wait();
  } catch (const Error&) {  // no longer a child of this process
  }
}

void ChildProcess::send(int signal) const {
  if (id_ > 0 && !status_) ::kill(id_, signal);
}

ExitStatus ChildProcess::wait() {
  if (!status_) collect(0);
  return *status_;
}

std::optional<ExitStatus> ChildProcess::wait_for(milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  for (;; std::this_thread::sleep_for(between_looks)) {
    if (!status_) collect(WNOHANG);
    if (status_ || std::chrono::steady_clock::now() >= deadline) return status_;
  }
}

void ChildProcess::collect(int options) {
  int status = 0;
  const pid_t ended = without_interruption([&] { return ::waitpid(id_, &status, options); });
  if (ended < 0) {
    throw Error("cannot wait for process {}: {}", id_, std::strerror(errno));
  }
  if (ended == 0) return;
  status_ = WIFSIGNALED(status) ? ExitStatus{-1, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
}

void repair_inherited_state() {
  std::signal(SIGCHLD, SIG_DFL);
  int lowest = 0;
  while (lowest >= 0 && lowest <= STDERR_FILENO) lowest = ::open("/dev/null", O_RDWR);
  if (lowest > STDERR_FILENO) ::close(lowest);
}

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((std::filesystem::path(folder) / name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

ProcessResult run_command(const std::vector<std::string>& words, const Environment& environment) {
  return run_command({.words = words, .environment = environment});
}

ProcessResult run_command(const Command& command) {
  Pipe out, err;
  ChildProcess child(start(command, out.writing, err.writing));
  out.writing.close();
  err.writing.close();
  ProcessResult result;
  read_to_end({{&out.reading, &result.out}, {&err.reading, &result.err}});
  result.status = child.wait();
  return result;
}

std::string output_of(const std::vector<std::string>& words, const Environment& environment) {
  return output_of({.words = words, .environment = environment});
}

std::string output_of(const Command& command) {
  const ProcessResult result = run_command(command);
  if (result.status.code == 0) return result.out;
  std::istringstream lines(result.err);
  const std::string why = last_line(lines);
  throw Error("{} failed ({}){}{}", command.words[0], result.status.text(), why.empty() ? "" : ": ", why);
}

ProcessResult call_in_child(const std::function<std::string()>& function, const ProcessLimits& limits) {
  const Limits ready(limits);
  const FileDescriptor null = open_file("/dev/null", O_WRONLY);
  Pipe told;
  const pid_t parent = ::getpid(), id = ::fork();
  if (id < 0) fail_to_start("a process", errno);
  if (id == 0) {
    told.reading.close();  // else, with the parent gone, the child would block for ever on a full pipe
    answer(function, ready, null.get(), told.writing.get(), parent);
  }
  ChildProcess child(id);
  told.writing.close();
  ProcessResult result;
  read_to_end({{&told.reading, &result.out}});
  result.status = child.wait();
  if (result.status.code == out_of_memory_code) throw std::bad_alloc();
  return result;
}

}  // namespace revnet
