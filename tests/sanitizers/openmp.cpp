// Linked into programs built with ThreadSanitizer. gcc's OpenMP runtime, libgomp, is not compiled for it.
// Without help it sees neither the beginning and end of a parallel region nor barriers, and reports all
// shared data as races. The two functions here replace libgomp's for our code and oneDNN's: they call the
// originals and tell ThreadSanitizer which accesses these order. Neither our code nor oneDNN uses other
// constructs of OpenMP.
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

using Body = void (*)(void*);

// libgomp's function of this name.
template <class Function>
Function original(const char* name) {
  void* const address = dlsym(RTLD_NEXT, name);
  if (address == nullptr) {
    std::fprintf(stderr, "ThreadSanitizer and OpenMP: libgomp has no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function>(address);
}

struct Region {
  Body body;
  void* data;
  // Two addresses, because a thread that begins late is not ordered after one that has already ended.
  char begun, ended;
  // For even and odd barriers: a thread may reach the next barrier before another has left this one.
  char barriers[2];
};

thread_local Region* current = nullptr;
thread_local int passed = 0;  // barriers of the current region so far

void run(void* pointer) {
  auto* const region = static_cast<Region*>(pointer);
  __tsan_acquire(&region->begun);
  Region* const outer = current;
  const int passed_outside = passed;
  current = region;
  passed = 0;
  region->body(region->data);
  current = outer;
  passed = passed_outside;
  __tsan_release(&region->ended);
}

}  // namespace

extern "C" void GOMP_parallel(Body body, void* data, unsigned threads, unsigned flags);
extern "C" void GOMP_barrier();

extern "C" void GOMP_parallel(Body body, void* data, unsigned threads, unsigned flags) {
  static const auto parallel = original<void (*)(Body, void*, unsigned, unsigned)>("GOMP_parallel");
  Region region{body, data, {}, {}, {}};
  __tsan_release(&region.begun);
  parallel(run, &region, threads, flags);
  __tsan_acquire(&region.ended);
}

extern "C" void GOMP_barrier() {
  static const auto barrier = original<void (*)()>("GOMP_barrier");
  char* const meeting = &current->barriers[passed++ % 2];
  __tsan_release(meeting);
  barrier();
  __tsan_acquire(meeting);
}
