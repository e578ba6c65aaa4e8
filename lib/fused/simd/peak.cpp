#include "fused/simd/peak.h"

#include <atomic>

#include "fused/simd/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fused/simd/peak.cpp"
#include <hwy/foreach_target.h>
// These come after foreach_target.h: lanes-inl.h says why.
#include "fused/simd/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {
namespace {

using D = Lanes<16>;

// As many sums as hide the latency of a multiply-add on any processor (two at once, five cycles each) and fit
// in AVX2's registers. They tend to 1.
constexpr int sums = 12;

std::int64_t MultiplyAdd(std::int64_t wanted, float half, float* result) {
  const D d;
  constexpr std::int64_t each = sums * width_of<D>;
  const std::int64_t rounds = (wanted + each - 1) / each;
  const auto factor = hn::Set(d, half);
  hn::Vec<D> sum[sums];
  for (int i = 0; i < sums; ++i) sum[i] = hn::Set(d, static_cast<float>(i));
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < sums; ++i) sum[i] = hn::MulAdd(sum[i], factor, factor);
  }
  for (int i = 1; i < sums; ++i) sum[0] = hn::Add(sum[0], sum[i]);
  *result = hn::GetLane(sum[0]);
  return rounds * each;
}

float Sum(const float* values, std::int64_t count) {
  const D d;
  constexpr std::int64_t lanes = width_of<D>;
  auto sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (std::int64_t i = 0; i < count; i += 4 * lanes) {
    sum0 = hn::Add(sum0, hn::Load(d, values + i));
    sum1 = hn::Add(sum1, hn::Load(d, values + i + lanes));
    sum2 = hn::Add(sum2, hn::Load(d, values + i + 2 * lanes));
    sum3 = hn::Add(sum3, hn::Load(d, values + i + 3 * lanes));
  }
  HWY_ALIGN float all[lanes];
  hn::Store(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)), d, all);
  float total = 0;
  for (const float lane : all) total += lane;
  return total;
}

}  // namespace
}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace revnet::simd {

HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(Sum);

double multiply_adds(std::int64_t wanted, int threads) {
  std::atomic<std::int64_t> done = 0;
  volatile float half = 0.5f;  // unknown to the compiler, which could otherwise compute the sums itself
  for_threads(threads, [&](const Thread&) {
    float result;
    done += HWY_DYNAMIC_DISPATCH(MultiplyAdd)(wanted, half, &result);
    volatile float kept = result;
    static_cast<void>(kept);
  });
  return static_cast<double>(done);
}

float read(const float* values, std::int64_t count, int threads) {
  std::atomic<float> sum = 0;
  for_threads(threads, [&](const Thread& thread) {
    constexpr std::int64_t piece = 64;
    const Range range = thread.range_of(count / piece);
    sum += HWY_DYNAMIC_DISPATCH(Sum)(values + range.first * piece, (range.last - range.first) * piece);
  });
  return sum;
}

}  // namespace revnet::simd
#endif  // HWY_ONCE
