#include "fuzz/allocations.h"

#include <cstdio>
#include <cstdlib>

#include <malloc.h>
#include <unistd.h>

namespace {

constexpr std::size_t largest = std::size_t{256} << 20;
bool limit = false;

void check(std::size_t bytes) {
  if (!limit || bytes <= largest) return;
  limit = false;
  std::fprintf(stderr, "finding: an allocation of %zu bytes\n", bytes);
  std::abort();
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// gcc has this function but not its header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));

namespace {

// malloc belongs to the sanitizer, whose hook reports each allocation.
[[maybe_unused]] const int hooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t bytes) { check(bytes); }, [](const volatile void*) {});

}  // namespace

namespace revnet::fuzz {
std::size_t allocated_bytes() {
  return 0;
}
}  // namespace revnet::fuzz

#else

// Replace glibc's functions for every library of the process. The C++ operators call malloc.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);

void* malloc(std::size_t bytes) {
  check(bytes);
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  check(count * bytes);
  return __libc_calloc(count, bytes);
}
void* realloc(void* block, std::size_t bytes) {
  check(bytes);
  return __libc_realloc(block, bytes);
}
}

namespace revnet::fuzz {
std::size_t allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}
}  // namespace revnet::fuzz

#endif

namespace revnet::fuzz {
void limit_allocations(bool limited) {
  limit = limited;
}
}  // namespace revnet::fuzz
