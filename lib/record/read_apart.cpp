#include "record/read_apart.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/posix_file.h"

namespace revnet {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

// The first byte of an answer: what was read follows, or else this is a RecordError::Kind and its message
// follows.
constexpr char has_read = '\x7f';

void lower_limit(decltype(RLIMIT_CPU) resource, rlim_t value) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > value) limit.rlim_cur = value;
  ::setrlimit(resource, &limit);
}

void limit_this_process(const std::filesystem::path& file, unsigned seconds) {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  std::error_code none;
  const std::uintmax_t found = std::filesystem::file_size(file, none), bytes = none ? 0 : found;
  if (pages > 0) {
    const auto now = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    lower_limit(RLIMIT_AS, now + 4 * bytes + most_bytes);
  }
  lower_limit(RLIMIT_CPU, seconds + (bytes >> 24));  // of computing; waiting for a disk does not count
  lower_limit(RLIMIT_CORE, 0);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGXCPU}) std::signal(signal, SIG_DFL);
  // The allocator's last words are not the user's concern.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

// The child's whole life. Ends without destructors: nothing here belongs to it.
[[noreturn]] void read_and_tell(const std::filesystem::path& file, const std::function<std::string()>& read,
                                unsigned seconds, int answer) {
  limit_this_process(file, seconds);
  const auto tell = [&](char first, std::string_view rest) {
    const int error = write_all(answer, std::as_bytes(std::span(&first, 1)));
    ::_exit(error != 0 || write_all(answer, std::as_bytes(std::span(rest))) != 0 ? 1 : 0);
  };
  try {
    tell(has_read, read());
  } catch (const RecordError& error) {
    tell(static_cast<char>(error.kind()), error.what());
  } catch (const std::exception& error) {
    tell(static_cast<char>(RecordError::Kind::damaged), damage_error(file, error.what()).what());
  }
  ::_exit(1);
}

std::string read_answer(int descriptor) {
  std::string text;
  for (std::array<char, 16384> part;;) {
    const ssize_t count = ::read(descriptor, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string read_apart(const std::filesystem::path& file, const std::function<std::string()>& read,
                       unsigned seconds) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw io_error("read", file, errno);
  const FileDescriptor answer(ends[0]);
  FileDescriptor told(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw io_error("start a process that reads", file, errno);
  if (child == 0) read_and_tell(file, read, seconds, told.get());
  told.close();
  std::string text = read_answer(answer.get());
  const int status = wait_for(child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || text.empty()) {
    const bool endless = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
    throw damage_error(file, endless ? "reading it does not come to an end" : "reading it crashes HDF5");
  }
  const char first = text[0];
  text.erase(0, 1);
  if (first != has_read) throw RecordError(static_cast<RecordError::Kind>(first), text);
  return text;
}

}  // namespace revnet
