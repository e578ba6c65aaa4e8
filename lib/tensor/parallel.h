// Splits a loop over the OpenMP threads, and compiles its body for several instruction sets.
#pragma once

#include <algorithm>
#include <cstdint>

#include <omp.h>

// Compiles the function for AVX-512, AVX2 and the baseline; the loader picks one. Mark the loop over a range,
// not the function that opens the parallel region: the region's body would not inherit the target. Clang and
// ThreadSanitizer do not support the loader's choice, so they compile the baseline alone.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define REVNET_MULTITARGET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REVNET_MULTITARGET
#endif

namespace revnet {

// Calls body(begin, end) on disjoint ranges that cover [0, count), one per thread, each except the last a
// multiple of `grain` long. The split depends only on count and the number of threads.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t grain, Body body) {
  const std::int64_t grains = (count + grain - 1) / grain;
#pragma omp parallel if (grains > 1)
  {
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const std::int64_t begin = grains * thread / threads * grain;
    const std::int64_t end = std::min(count, grains * (thread + 1) / threads * grain);
    if (begin < end) body(begin, end);
  }
}

}  // namespace revnet
