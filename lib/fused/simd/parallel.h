// Work for several threads, and what of it falls to each.
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

  // The part of `things` that falls to this thread.
  Range range_of(std::int64_t things) const { return {things * index / count, things * (index + 1) / count}; }
  // Waits for the others to come here too.
  void barrier() const {
#pragma omp barrier
  }
};

// Calls body(thread) in each of `threads` threads at once. OpenMP may grant fewer of them, never more: so
// work is divided by Thread::count, and memory planned for `threads` suffices.
template <class Body>
void for_threads(int threads, const Body& body) {
#pragma omp parallel num_threads(threads)
  body(Thread{omp_get_thread_num(), omp_get_num_threads()});
}

}  // namespace revnet::simd
