// How the results of kernels depend on the number of threads.
#include <cmath>

#include <doctest/doctest.h>
#include <omp.h>

#include "simd/bench.h"

namespace revnet::testing {
namespace {

using simd::Direct;
using simd::Pointwise;
using simd::StagedWinograd;
using simd::Winograd;

// Everything that a kernel writes. The weight gradient is apart because its bits may depend on the threads.
struct Results {
  std::vector<float> values;
  std::vector<double> sums;
  std::vector<float> weight_gradient;
  bool operator==(const Results&) const = default;
};

void append(std::vector<float>& to, const Buffer& values) {
  to.insert(to.end(), values.data(), values.data() + values.size());
}

// Runs both directions, and requires that they write nothing past the scratch memory planned for `threads`.
template <class Kernel>
Results run(ConvolutionBench<Kernel>& bench, int threads) {
  const std::size_t planned = bench.kernel.scratch_floats(threads);
  bench.threads = threads;
  bench.scratch = Buffer(bench.kernel.scratch_floats(threads + 8));
  const auto room = [&](const auto& work, std::int64_t channels) {
    return std::vector<double>(static_cast<std::size_t>(work.count() * 2 * channels), NAN);
  };
  Buffer y(bench.dy_blocks.size()), dx(bench.x_blocks.size()), dw(bench.weight_blocks.size());
  Results results;
  results.sums = room(bench.kernel.forward_work(), bench.of.out);
  simd::Sink sink;
  sink.values = y.data();
  sink.sums = results.sums.data();
  bench.forward(sink);
  std::vector<double> sums = room(bench.kernel.backward_work(), bench.of.in);
  bench.backward(bench.masked(dx, sums), dw);
  for (std::size_t i = planned; i < bench.scratch.size(); ++i) REQUIRE(std::isnan(bench.scratch[i]));
  append(results.values, y);
  append(results.values, dx);
  append(results.weight_gradient, dw);
  results.sums.insert(results.sums.end(), sums.begin(), sums.end());
  return results;
}

// Enough work blocks for every thread to have one, and two groups of them for StagedWinograd.
template <class Kernel>
constexpr ConvolutionCase small{32, 16, 24, 12, 12, 8, std::is_same_v<Kernel, Pointwise> ? 1 : 3};

TEST_CASE_TEMPLATE("all but the weight gradient is independent of the number of threads", Kernel, Winograd,
                   Pointwise, Direct) {
  ConvolutionBench<Kernel> bench(small<Kernel>);
  const Results one = run(bench, 1);
  for (const int threads : {2, 3, 7}) {
    const Results several = run(bench, threads);
    CHECK(several.values == one.values);
    CHECK(several.sums == one.sums);
    CHECK(several.weight_gradient != one.weight_gradient);  // so the next test can tell how many threads ran
  }
}

TEST_CASE("nothing that is computed in stages depends on the number of threads") {
  ConvolutionBench<StagedWinograd> bench(small<StagedWinograd>);
  const Results one = run(bench, 1);
  for (const int threads : {2, 3, 7}) CHECK(run(bench, threads) == one);
}

TEST_CASE_TEMPLATE("a kernel takes the threads it is given, whatever OpenMP is set to", Kernel, Winograd,
                   Pointwise, Direct) {
  ConvolutionBench<Kernel> bench(small<Kernel>);
  const int before = omp_get_max_threads();
  omp_set_num_threads(2);
  const Results two = run(bench, 2);
  omp_set_num_threads(4);
  const Results later = run(bench, 2);
  omp_set_num_threads(before);
  CHECK(later == two);
}

TEST_CASE_TEMPLATE("a kernel does with fewer threads than it was to have", Kernel, Winograd, StagedWinograd,
                   Pointwise, Direct) {
  ConvolutionBench<Kernel> bench(small<Kernel>);
  const Results one = run(bench, 1);
  const int before = omp_get_max_active_levels();
  omp_set_max_active_levels(0);
  const Results granted = run(bench, 3);
  omp_set_max_active_levels(before);
  CHECK(granted == one);
}

}  // namespace
}  // namespace revnet::testing
