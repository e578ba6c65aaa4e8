// The floor of a training step: the time of the isolated oneDNN primitives it needs, each in the fastest way
// that oneDNN has (direct or Winograd), on blocked layouts, in cache as far as it fits, and nothing else.
//
// A step cannot be so fast where its activations do not fit into the cache: what one primitive wrote, the
// next must fetch from memory. So the same primitives are also timed out of cache, with nothing of their
// input there: a step of separate primitives, each with its input half in cache, lies between the two.
//
// Convolutions and batch normalisations (with their ReLUs) count. In reconstructed mode every layer of a
// reversible unit runs forward twice, the second time with known statistics.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/network.h"

namespace revnet {

enum class CacheState {
  warm,  // as a first run leaves it
  cold,  // holds something else
};

// A primitive that a step executes `count` times, and the ways that oneDNN has to run it.
struct IsolatedPrimitive {
  struct Way {
    std::string implementation;
    // Makes buffers, brings the cache into that state, and returns the seconds of one run.
    std::function<double(Device&, CacheState)> run;
    std::vector<double> seconds, seconds_out_of_cache;  // measured so far
  };
  Work work;
  std::string shape;  // "100x16x32x32 -> 16, 3x3"
  std::int64_t count = 0;
  std::vector<Way> ways;

  // By the median; needs a measurement.
  const Way& fastest() const;
  double seconds() const;  // of one run, the fastest way
  double seconds_out_of_cache() const;
};

class Floor {
 public:
  // Lists the primitives that a step of the network executes. The network is not needed afterwards.
  Floor(const Network& network, int threads);

  // Times every way of every primitive once more: the second of two runs in a row.
  void measure();
  // The same, after the cache was filled with something else.
  void measure_out_of_cache();

  const std::vector<IsolatedPrimitive>& primitives() const { return primitives_; }
  // Of a whole step; the median of what was measured.
  double seconds() const;
  double seconds_out_of_cache() const;
  double flops() const;

 private:
  std::unique_ptr<Device> device_;
  std::vector<IsolatedPrimitive> primitives_;
};

}  // namespace revnet
