#include "study/machine.h"

#include <algorithm>
#include <chrono>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/stopwatch.h"
#include "fused/simd/peak.h"
#include "onednn/sgemm.h"
#include "tensor/parallel.h"

namespace revnet {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

ProcessorTime processor_time() {
  ProcessorTime time;
  // The fields of "cpu": user nice system idle iowait irq softirq steal ..., in ticks since boot, over all
  // processors.
  std::ifstream file("/proc/stat");
  std::string label;
  file >> label;
  double ticks = 0;
  for (int field = 0; field < 8 && file >> ticks; ++field) {
    const bool waits = field == 3 || field == 4;
    if (!waits) time.all += ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  time.own = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  time.wall = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return time;
}

}  // namespace

double other_cores(const ProcessorTime& before, const ProcessorTime& after) {
  const double wall = after.wall - before.wall, all = after.all - before.all, own = after.own - before.own;
  return wall > 0 && all > 0 ? std::max(0.0, (all - own) / wall) : 0.0;
}

OtherLoad::OtherLoad() : start_(processor_time()) {}

double OtherLoad::cores() const {
  return other_cores(start_, processor_time());
}

double measure_sgemm_gflops(int threads) {
  constexpr std::int64_t n = 1024;
  const Layout square = Layout::plain({n, n});
  Device device(threads, 4 * square.bytes());
  Tensor a(device, square, MemoryPurpose::temporaries), b(device, square, MemoryPurpose::temporaries),
      c(device, square, MemoryPurpose::temporaries);
  std::ranges::fill(a.values(), 0.5f);
  std::ranges::fill(b.values(), 0.25f);
  double best = 0;
  for (int time = 0; time < 5; ++time) {
    const Stopwatch stopwatch;
    onednn::sgemm(a, b, c);
    best = std::max(best, 2.0 * n * n * n / stopwatch.seconds() / 1e9);
  }
  return best;
}

Peak measure_peak(int threads) {
  constexpr std::int64_t floats = 64 << 20;  // more than any cache holds
  constexpr std::int64_t multiply_adds = 200'000'000;
  const Layout layout = Layout::plain({floats});
  Device device(threads, layout.bytes());
  Tensor values(device, layout, MemoryPurpose::temporaries);
  parallel_ranges(floats, 4096, [&](std::int64_t begin, std::int64_t end) {
    std::fill(values.data() + begin, values.data() + end, 0.5f);
  });
  Peak peak;
  for (int time = 0; time < 5; ++time) {
    Stopwatch stopwatch;
    const double done = simd::multiply_adds(multiply_adds, threads);
    peak.multiply_adds = std::max(peak.multiply_adds, done / stopwatch.seconds());
    stopwatch.restart();
    simd::read(values.data(), floats, threads);
    peak.bytes = std::max(peak.bytes, static_cast<double>(layout.bytes()) / stopwatch.seconds());
  }
  return peak;
}

std::vector<std::string> doubts(double other_cores, const std::vector<double>& sgemm_gflops) {
  std::vector<std::string> reasons;
  if (other_cores > 0.05) {
    reasons.push_back(
        fmt::format("the machine is busy: other processes used {:.2f} cores meanwhile; timings are too long "
                    "by an unknown amount",
                    other_cores));
  }
  if (!sgemm_gflops.empty()) {
    const auto [slowest, fastest] = std::ranges::minmax(sgemm_gflops);
    if (fastest > 1.1 * slowest) {
      reasons.push_back(
          fmt::format("the machine's speed drifted: sgemm ran at {:.0f} to {:.0f} GFLOP/s meanwhile; trust "
                      "ratios, not times",
                      slowest, fastest));
    }
  }
  return reasons;
}

}  // namespace revnet
