// The floor of a training step: the total time of the isolated oneDNN primitives it needs and nothing else,
// each in oneDNN's fastest way (direct or Winograd), on blocked layouts, and in cache as far as it fits.
//
// No step whose activations exceed the cache can be that fast: one primitive's output must be fetched from
// memory by the next. The same primitives are therefore also timed out of cache, with none of their input in
// it. A step of separate primitives, which finds part of its input in cache, lies between the two.
//
// Convolutions and batch normalisations (with their ReLUs) count. In reconstructed mode every layer of a
// reversible unit runs forward twice, the second time with known statistics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/network.h"

namespace revnet {

enum class CacheState {
  warm,  // filled by a first run of the same primitive
  cold,  // filled with other data
};

// A primitive that a step executes `count` times, with the ways in which oneDNN can run it.
struct IsolatedPrimitive {
  struct Way {
    std::string implementation;
    // Creates buffers, brings the cache into the given state, and returns the seconds of one run.
    std::function<double(Device&, CacheState)> run;
    std::vector<double> seconds, seconds_out_of_cache;  // measured so far
  };
  Cost cost;
  std::string shape;  // "100x16x32x32 -> 16, 3x3"
  std::int64_t count = 0;
  std::vector<Way> ways;

  // The fastest way by the median. Requires at least one measurement.
  const Way& fastest() const;
  double seconds() const;  // of one run in the fastest way
  double seconds_out_of_cache() const;
};

class Floor {
 public:
  // Lists the primitives that one step of the network executes. The network is not needed afterwards.
  Floor(const Network& network, int threads);

  // Returns the bytes that the floor of this network takes, and those that fill the cache, which are more
  // than any cache holds. The network's device may be a planning one.
  static std::uint64_t planned_bytes(const Network& network, int threads);

  // Times every way of every primitive once: the second of two consecutive runs.
  void measure();
  // The same, after filling the cache with other data.
  void measure_out_of_cache();

  const std::vector<IsolatedPrimitive>& primitives() const { return primitives_; }
  // Totals for a whole step, from the medians of what was measured.
  double seconds() const;
  double seconds_out_of_cache() const;
  double flops() const;

 private:
  std::unique_ptr<Device> device_;
  std::vector<IsolatedPrimitive> primitives_;
};

}  // namespace revnet
