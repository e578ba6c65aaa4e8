// Two threads write to the same place, a race that ThreadSanitizer must report. With `planted_race ordered`,
// a barrier orders the writes, and it must not report them.
#include <cstdio>

#include <omp.h>

int main(int arguments, char**) {
  const bool ordered = arguments > 1;
  int places[2] = {};
#pragma omp parallel num_threads(2)
  {
    const int thread = omp_get_thread_num();
    places[thread] = 1;
    if (ordered) {
#pragma omp barrier
    }
    places[1 - thread] += 2;
  }
  std::printf("%d %d\n", places[0], places[1]);
}
