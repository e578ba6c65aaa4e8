#include "sweep/job_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace revnet {
namespace {

// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(const char* program, char* const* arguments, const cpu_set_t& processors, int out,
                         int err) {
  sched_setaffinity(0, sizeof(processors), &processors);
  // Its own group: Ctrl-C reaches the sweep alone, which then asks its children in order.
  setpgid(0, 0);
  const int in = ::open("/dev/null", O_RDONLY);
  if (in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(126);
  ::execv(program, arguments);
  ::_exit(127);
}

int open_log(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) throw Error("cannot write " + file.string() + ": " + std::strerror(errno));
  return descriptor;
}

}  // namespace

std::vector<int> usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) processors.push_back(i);
    }
  }
  if (processors.empty()) throw Error("cannot tell which processors this process may use");
  return processors;
}

std::vector<std::vector<int>> split_processors(const std::vector<int>& processors, std::size_t groups) {
  groups = std::clamp<std::size_t>(groups, 1, processors.size());
  std::vector<std::vector<int>> result(groups);
  for (std::size_t group = 0; group < groups; ++group) {
    const auto at = [&](std::size_t g) {
      return processors.begin() + static_cast<std::ptrdiff_t>(processors.size() * g / groups);
    };
    result[group].assign(at(group), at(group + 1));
  }
  return result;
}

JobProcess::JobProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       const std::vector<int>& processors, const std::filesystem::path& out,
                       const std::filesystem::path& err) {
  std::vector<std::string> texts{program.string()};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : processors) CPU_SET(processor, &set);
  const int out_file = open_log(out), err_file = open_log(err);
  id_ = ::fork();
  if (id_ == 0) become(pointers[0], pointers.data(), set, out_file, err_file);
  const int error = errno;
  ::close(out_file);
  ::close(err_file);
  if (id_ < 0) throw Error("cannot start " + program.string() + ": " + std::strerror(error));
}

bool JobProcess::ended() {
  int status = 0;
  if (!ended_ && ::waitpid(id_, &status, WNOHANG) == id_) {
    ended_ = true;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return ended_;
}

void JobProcess::interrupt() const {
  if (!ended_) ::kill(id_, SIGTERM);
}

}  // namespace revnet
