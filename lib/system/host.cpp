#include "system/host.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <set>

#include <fmt/chrono.h>
#include <omp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "system/control_groups.h"

namespace revnet {
namespace {

// The affinity mask of the calling thread.
std::set<int> affinity() {
  // The kernel refuses masks smaller than its own, which covers thousands of cores on some machines.
  for (int size = CPU_SETSIZE;; size *= 2) {
    std::vector<cpu_set_t> sets(static_cast<std::size_t>(size / CPU_SETSIZE));
    const std::size_t bytes = sets.size() * sizeof(cpu_set_t);
    CPU_ZERO_S(bytes, sets.data());
    if (sched_getaffinity(0, bytes, sets.data()) == 0) {
      std::set<int> cores;
      for (int core = 0; core < size; ++core) {
        if (CPU_ISSET_S(static_cast<std::size_t>(core), bytes, sets.data())) cores.insert(core);
      }
      return cores;
    }
    if (errno != EINVAL || size > 1 << 20) {
      throw Error(std::string("cannot tell which cores this process may use: ") + std::strerror(errno));
    }
  }
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string utc_time() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::vector<int> usable_cores() {
  std::set<int> cores;
  // With OMP_PROC_BIND or OMP_PLACES set, OpenMP has bound this thread to its first place only.
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(omp_get_place_num_procs(place)));
    omp_get_place_proc_ids(place, ids.data());
    cores.insert(ids.begin(), ids.end());
  }
  if (cores.empty()) cores = affinity();
  return {cores.begin(), cores.end()};
}

void run_on_usable_cores() {
  if (omp_get_num_places() == 0) return;  // OpenMP has bound no thread
  const std::vector<int> cores = usable_cores();
  std::vector<cpu_set_t> sets(static_cast<std::size_t>(cores.back() / CPU_SETSIZE + 1));
  const std::size_t bytes = sets.size() * sizeof(cpu_set_t);
  CPU_ZERO_S(bytes, sets.data());
  for (const int core : cores) CPU_SET_S(static_cast<std::size_t>(core), bytes, sets.data());
  // Where the kernel refuses, the thread stays where it is, which is slower and not wrong.
  sched_setaffinity(0, bytes, sets.data());
}

int default_threads() {
  const int cores = std::min(static_cast<int>(usable_cores().size()), omp_get_thread_limit());
  const std::optional<double> quota = core_quota();
  return quota ? std::min(cores, static_cast<int>(std::ceil(*quota))) : cores;
}

int cores_of_host() {
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

double seconds_without_core() {
  std::error_code none;  // threads may end meanwhile
  double nanoseconds = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", none)) {
    double running = 0, waiting = 0;
    if (std::ifstream(thread.path() / "schedstat") >> running >> waiting) nanoseconds += waiting;
  }
  return 1e-9 * nanoseconds;
}

std::uint64_t address_space_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

std::size_t terminal_columns(int file) {
  winsize size{};
  return ::ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace revnet
