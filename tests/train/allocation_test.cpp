// Only the first training step allocates large blocks, and two hundred steps need no more memory than two.
#include <atomic>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/resource.h>

#include "train/support.h"

// Sanitizers replace the allocator themselves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// A step allocates lists of tensors and arguments, and oneDNN's gemm takes 74 KB in the dense layer. The
// smallest activation in these tests has 128 KB.
constexpr std::size_t large = 100'000;
std::atomic<std::int64_t> large_allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  if (bytes >= large) ++large_allocations;
  void* memory = alignment > 0
                     ? std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)
                     : std::malloc(bytes > 0 ? bytes : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Replaces operator new in the whole test program, including oneDNN. Where GCC 12 inlines only one of a pair,
// it warns of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes, 0);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
// oneDNN allocates its buffers with posix_memalign.
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  if (bytes >= large) ++large_allocations;
  *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  return *memory == nullptr ? 12 : 0;  // ENOMEM
}

namespace revnet {
namespace {

using Activations = Config::Network::Activations;

Config config_of(const char* architecture, Activations activations) {
  Config config;
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.network.architecture = architecture;
  config.network.activations = activations;
  config.training.iterations = 1000;
  config.training.batch = 4;
  config.training.threads = 2;
  return resolve(config);
}

TEST_CASE("the counter sees allocations by operator new and posix_memalign") {
  const std::int64_t before = large_allocations;
  operator delete(operator new(large));
  CHECK(large_allocations == before + 1);
  void* memory = nullptr;
  REQUIRE(posix_memalign(&memory, 64, large) == 0);
  std::free(memory);
  CHECK(large_allocations == before + 2);
}

TEST_CASE("only the first step allocates large blocks") {
  for (const char* architecture : {"resnet32", "revnet38", "revnet164"}) {
    CAPTURE(architecture);
    Trainer trainer = small_trainer(config_of(architecture, Activations::automatic));
    trainer.step();
    const std::int64_t before = large_allocations;
    for (int step = 0; step < 3; ++step) trainer.step();
    CHECK(large_allocations - before == 0);
  }
}

// The heap's free lists may grow by a page or two, but a leak of one argument list per step would show.
TEST_CASE("two hundred steps need no more memory than two") {
  for (const auto activations : {Activations::stored, Activations::reconstructed}) {
    CAPTURE(name(activations));
    Trainer trainer = small_trainer(config_of("revnet38", activations));
    for (int step = 0; step < 2; ++step) trainer.step();
    const std::size_t arena = trainer.device().arena().extent(), peak = trainer.device().ledger().peak();
    const std::size_t heap = mallinfo2().uordblks;
    for (int step = 0; step < 200; ++step) trainer.step();
    CHECK(trainer.device().arena().extent() == arena);
    CHECK(trainer.device().ledger().peak() == peak);
    CHECK(mallinfo2().uordblks < heap + 65536);
  }
}

}  // namespace
}  // namespace revnet

#endif
