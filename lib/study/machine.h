// Can timings of this machine be trusted just now, and what is its peak?
#pragma once

#include <string>
#include <vector>

namespace revnet {

// How busy others keep the machine: processor time that this process did not use, from construction on.
class OtherLoad {
 public:
  OtherLoad();
  // The mean number of cores that other processes (and other virtual machines: steal) kept busy. 0 where
  // /proc/stat does not tell.
  double cores() const;

 private:
  struct Sample {
    double all, own, wall;  // seconds
  };
  static Sample take();
  Sample start_;
};

// The largest of several measured sgemm speeds with `threads` threads, in GFLOP/s. About 0.1 s.
double measure_sgemm_gflops(int threads);

// One line a reason not to trust the timings; empty if there is none. `sgemm_gflops`: measured again and
// again in the course of the measurement.
std::vector<std::string> doubts(double other_cores, const std::vector<double>& sgemm_gflops);

}  // namespace revnet
