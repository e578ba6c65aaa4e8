// Whether timings on this machine can be trusted at the moment, and what its peak performance is.
#pragma once

#include <string>
#include <vector>

namespace revnet {

// Seconds up to now: processor time of all processes (including time stolen by other virtual machines) and of
// this one, and wall-clock time.
struct ProcessorTime {
  double all = 0, own = 0, wall = 0;
};
// The mean number of cores that others kept busy between two readings.
double other_cores(const ProcessorTime& before, const ProcessorTime& after);

// How busy others have kept the machine since construction: the processor time this process did not use.
class OtherLoad {
 public:
  OtherLoad();
  // As other_cores(); 0 if /proc/stat is unavailable.
  double cores() const;

 private:
  ProcessorTime start_;
};

// The best of several sgemm runs with `threads` threads, in GFLOP/s. Takes about 0.1 s.
double measure_sgemm_gflops(int threads);

// What the processor can do at best with some threads, a second.
struct Peak {
  double multiply_adds = 0;  // fused, of single floats
  double bytes = 0;          // read from memory
};
// The best of several runs with `threads` threads. Takes about 0.2 s and 256 MB.
Peak measure_peak(int threads);

// One line for each reason to distrust the timings; empty if there is none. `sgemm_gflops` holds sgemm speeds
// taken at intervals during the measurement.
std::vector<std::string> doubts(double other_cores, const std::vector<double>& sgemm_gflops);

}  // namespace revnet
