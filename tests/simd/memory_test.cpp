// Kernels must not allocate: in a parallel region, running out of memory would end the process.
#include <atomic>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "simd/bench.h"

namespace {

std::atomic<long> allocations{0};

}  // namespace

// These replace the global ones in this program. The other forms of new call them. Where GCC 12 inlines only
// one of a pair, it warns of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace revnet::testing {
namespace {

using simd::Direct;
using simd::Pointwise;
using simd::StagedWinograd;
using simd::Winograd;

// Work blocks differ in size where an image has several.
template <class Kernel>
constexpr ConvolutionCase uneven{
    5, 16, 24, 9, 7, 8, std::is_same_v<Kernel, Pointwise> ? 1 : 3, std::is_same_v<Kernel, Direct> ? 2 : 1};

TEST_CASE_TEMPLATE("a kernel allocates nothing while it runs", Kernel, Winograd, StagedWinograd, Pointwise,
                   Direct) {
  ConvolutionBench<Kernel> bench(uneven<Kernel>);
  Buffer y(bench.dy_blocks.size()), dx(bench.x_blocks.size()), dw(bench.weight_blocks.size());
  std::vector<double> sums(static_cast<std::size_t>(bench.kernel.backward_work().count() * 2 * bench.of.in));
  simd::Sink sink;
  sink.values = y.data();
  const simd::Sink masked = bench.masked(dx, sums);
  const long before = allocations;
  REQUIRE(before > 0);  // those of the bench are counted
  bench.forward(sink);
  bench.backward(masked, dw);
  CHECK(allocations == before);
}

}  // namespace
}  // namespace revnet::testing
