// Can timings of this machine be trusted just now, and what is its peak?
#pragma once

#include <string>
#include <vector>

namespace revnet {

// Processor time so far, in seconds: of all processes (and other virtual machines: steal), of this one, and
// the clock's.
struct ProcessorTime {
  double all = 0, own = 0, wall = 0;
};
// The mean number of cores that others kept busy between two readings.
double other_cores(const ProcessorTime& before, const ProcessorTime& after);

// How busy others keep the machine: processor time that this process did not use, from construction on.
class OtherLoad {
 public:
  OtherLoad();
  // As other_cores(); 0 where /proc/stat does not tell.
  double cores() const;

 private:
  ProcessorTime start_;
};

// The largest of several measured sgemm speeds with `threads` threads, in GFLOP/s. About 0.1 s.
double measure_sgemm_gflops(int threads);

// One line a reason not to trust the timings; empty if there is none. `sgemm_gflops`: measured again and
// again in the course of the measurement.
std::vector<std::string> doubts(double other_cores, const std::vector<double>& sgemm_gflops);

}  // namespace revnet
