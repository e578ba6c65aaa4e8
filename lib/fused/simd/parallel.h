// Parallel loops: how threads start and how they divide the work.
#pragma once

#include <cstdint>

#include <omp.h>

namespace revnet::simd {

struct Range {
  std::int64_t first, last;  // last: not included
};

// One of the threads that share a call.
struct Thread {
  int index, count;

  // This thread's share of `things`.
  Range range_of(std::int64_t things) const { return {things * index / count, things * (index + 1) / count}; }
  // Waits until all threads of the call have reached this point.
  void barrier() const {
#pragma omp barrier
  }
};

// Calls body(thread) in up to `threads` threads at once. OpenMP may grant fewer threads but never more, so
// work is divided by Thread::count, and memory planned for `threads` is enough.
template <class Body>
void for_threads(int threads, const Body& body) {
#pragma omp parallel num_threads(threads)
  body(Thread{omp_get_thread_num(), omp_get_num_threads()});
}

}  // namespace revnet::simd
