// Makes one chosen allocation of a command fail. Preloaded ($LD_PRELOAD), it is set by the environment:
//
//   REVNET_FAULT_ALLOCATION  which allocation since main() began fails, from 1; 0: none
//   REVNET_FAULT_COUNTER     a file of eight bytes, the number of allocations so far. Forked children count
//   in it, too. REVNET_FAULT_PATHS       a file; gets a line "N" for each allocation N whose call path is
//   seen for the first time REVNET_FAULT_STACK       a file; gets the call path of the allocation that fails
//
// The C++ operators and the C library's own functions call malloc and are counted there. What runs before
// main() is the loader's and the libraries' business.
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using Counter = std::atomic<std::uint64_t>;

Counter* counter = nullptr;  // null before main() and in commands without a counter
std::uint64_t failing = 0;
int paths = -1, stack = -1;
thread_local bool inside = false;  // what noting a call path allocates does not count

constexpr int deepest = 12;  // ten callers, and the frames in here
constexpr std::size_t most_paths = std::size_t{1} << 16;
std::array<std::atomic<std::uint64_t>, most_paths> seen;  // hashes, at their remainder or behind it

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int open_variable(const char* name) {
  const char* path = variable(name);
  return *path == '\0' ? -1 : ::open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

bool is_new(std::uint64_t hash) {
  for (std::size_t i = hash % most_paths;; i = (i + 1) % most_paths) {
    std::uint64_t there = 0;
    if (seen[i].compare_exchange_strong(there, hash)) return true;
    if (there == hash) return false;
  }
}

void note_path(std::uint64_t number) {
  std::array<void*, deepest> frames{};
  const int depth = ::backtrace(frames.data(), deepest);
  std::uint64_t hash = 1469598103934665603U;
  for (int i = 0; i < depth; ++i) {
    hash = (hash ^ reinterpret_cast<std::uint64_t>(frames[static_cast<std::size_t>(i)])) * 1099511628211U;
  }
  if (is_new(hash | 1)) ::dprintf(paths, "%llu\n", static_cast<unsigned long long>(number));
}

// Whether the allocation must fail now.
bool fails() {
  if (counter == nullptr || inside) return false;
  const std::uint64_t number = ++*counter;
  if (number != failing && paths < 0) return false;
  inside = true;
  if (paths >= 0) note_path(number);
  if (number == failing && stack >= 0) {
    std::array<void*, deepest> frames{};
    ::backtrace_symbols_fd(frames.data(), ::backtrace(frames.data(), deepest), stack);
  }
  inside = false;
  if (number != failing) return false;
  errno = ENOMEM;
  return true;
}

void begin() {
  const int file = open_variable("REVNET_FAULT_COUNTER");
  if (file < 0 || ::ftruncate(file, sizeof(Counter)) != 0) return;
  failing = std::strtoull(variable("REVNET_FAULT_ALLOCATION"), nullptr, 10);
  paths = open_variable("REVNET_FAULT_PATHS");
  stack = open_variable("REVNET_FAULT_STACK");
  std::array<void*, 1> frame{};
  ::backtrace(frame.data(), 1);  // loads the unwinder
  void* shared = ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) counter = static_cast<Counter*>(shared);
}

using Main = int (*)(int, char**, char**);
Main program = nullptr;

int counted_main(int count, char** words, char** environment) {
  begin();
  return program(count, words, environment);
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  return fails() ? nullptr : __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  return fails() ? nullptr : __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) {
  return fails() ? nullptr : __libc_realloc(block, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  return fails() ? nullptr : __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return memalign(alignment, bytes);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  void* given = memalign(alignment, bytes);
  if (given == nullptr) return ENOMEM;
  *block = given;
  return 0;
}

int __libc_start_main(Main main, int count, char** words, void (*init)(), void (*finish)(), void (*loader)(),
                      void* end) {
  program = main;
  using Start = int(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);
  auto* start = reinterpret_cast<Start*>(::dlsym(RTLD_NEXT, "__libc_start_main"));
  return start(counted_main, count, words, init, finish, loader, end);
}

}  // extern "C"
