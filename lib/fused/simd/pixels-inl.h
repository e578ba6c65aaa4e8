// Matrix products of pixels in their blocked layout, [channels / block][pixels][block].
#if defined(REVNET_SIMD_PIXELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_PIXELS_INL_H_
#undef REVNET_SIMD_PIXELS_INL_H_
#else
#define REVNET_SIMD_PIXELS_INL_H_
#endif

#include <hwy/cache_control.h>

#include "fused/simd/memory-inl.h"
#include "fused/simd/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// Some pixels of one image, either in place or in a copy.
template <int block>
struct Pixels {
  const float* values;
  std::int64_t stride;  // floats from one block of channels to the next

  const float* at(std::int64_t channel) const { return values + channel / block * stride + channel % block; }
};

// Calls f(i) for i from 0 to count - 1 as compile-time constants. An array of vectors stays in registers if
// all its indices are such constants; after a loop, GCC 12 would store it in memory once more.
template <int count, int i = 0, class F>
HWY_INLINE void for_constants(const F& f) {
  if constexpr (i < count) {
    f(Constant<i>());
    for_constants<count, i + 1>(f);
  }
}

// How many pixels are multiplied by a panel of the weights at once, at most: their products stay in
// registers.
template <int vectors>
constexpr int most_rows = HWY_TARGET <= HWY_AVX3 ? 14 : 12 / vectors;

// Into how many groups of at most most_rows multiply_pixels divides so many pixels.
template <int vectors>
constexpr std::int64_t row_groups(std::int64_t pixels) {
  return (pixels + most_rows<vectors> - 1) / most_rows<vectors>;
}

// sum[r][v] = the products of `rows` pixels, of which the first begins at `a`, and a panel of the weights,
// [depth][vectors]. Prefetches once for each block of channels.
template <int rows, int vectors, int block, class D>
HWY_INLINE void sum_products(D d, const float* HWY_RESTRICT a, std::int64_t stride, std::int64_t depth,
                             const float* HWY_RESTRICT panel, Prefetchers& ahead,
                             hn::Vec<D> (&sum)[rows][vectors]) {
  for_constants<rows * vectors>([&](auto n) HWY_ATTR { sum[n / vectors][n % vectors] = hn::Zero(d); });
  for (std::int64_t c = 0; c < depth; c += block, a += stride) {
    ahead.fetch();
    for (int k = 0; k < block; ++k, panel += vectors * width_of<D>) {
      hn::Vec<D> row[vectors];
      for_constants<vectors>([&](auto v) HWY_ATTR { row[v] = hn::Load(d, panel + v * width_of<D>); });
      for_constants<rows>([&](auto r) HWY_ATTR {
        const auto factor = hn::Set(d, a[r * block + k]);
        for_constants<vectors>([&](auto v) HWY_ATTR { sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]); });
      });
    }
  }
}

// The same sums, in memory.
template <int rows, int vectors, int block, class D>
HWY_NOINLINE void store_products(D d, const float* HWY_RESTRICT a, std::int64_t stride, std::int64_t depth,
                                 const float* HWY_RESTRICT panel, Prefetchers& ahead,
                                 float* HWY_RESTRICT results) {
  hn::Vec<D> sum[rows][vectors];
  sum_products<rows, vectors, block>(d, a, stride, depth, panel, ahead, sum);
  for_constants<rows * vectors>(
      [&](auto n) HWY_ATTR { hn::Store(sum[n / vectors][n % vectors], d, results + n * width_of<D>); });
}

// Calls f(rows) with the number of rows, from 1 to `most`, as a compile-time constant.
template <int most, class F>
HWY_INLINE void with_rows(std::int64_t rows, const F& f) {
  if constexpr (most > 1) {
    if (rows < most) return with_rows<most - 1>(rows, f);
  }
  f(Constant<most>());
}

// Multiplies `rows` pixels, from `first` on, by a panel of the weights, [depth][vectors], and calls
// emit(vector, pixel, value) with each result.
template <int vectors, int block, class D, class Emit>
HWY_INLINE void multiply_rows(D d, const Pixels<block>& pixels, std::int64_t first, std::int64_t rows,
                              std::int64_t depth, const float* HWY_RESTRICT panel, const Emit& emit,
                              Prefetchers& ahead) {
  const float* const a = pixels.values + first * block;
  if constexpr (HWY_TARGET <= HWY_AVX3) {
    // Beside the registers that `emit` uses, GCC 12 would keep the weights on the stack, and read them from
    // there for every multiply-add. With AVX2 the detour through memory costs more than it saves.
    HWY_ALIGN float results[most_rows<vectors> * vectors * width_of<D>];
    with_rows<most_rows<vectors>>(rows, [&](auto count) HWY_ATTR {
      store_products<count, vectors, block>(d, a, pixels.stride, depth, panel, ahead, results);
    });
    for (std::int64_t r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) {
        emit(v, first + r, hn::Load(d, results + (r * vectors + v) * width_of<D>));
      }
    }
  } else {
    with_rows<most_rows<vectors>>(rows, [&](auto count) HWY_ATTR {
      hn::Vec<D> sum[count][vectors];
      sum_products<count, vectors, block>(d, a, pixels.stride, depth, panel, ahead, sum);
      for (int r = 0; r < count; ++r) {
        for (int v = 0; v < vectors; ++v) emit(v, first + r, sum[r][v]);
      }
    });
  }
}

// Does the same for pixels 0 to count - 1, in groups as equal as possible.
template <int vectors, int block, class D, class Emit>
HWY_INLINE void multiply_pixels(D d, const Pixels<block>& pixels, std::int64_t count, std::int64_t depth,
                                const float* HWY_RESTRICT panel, const Emit& emit, Prefetchers& ahead) {
  const std::int64_t groups = row_groups<vectors>(count);
  for (std::int64_t group = 0; group < groups; ++group) {
    const std::int64_t first = count * group / groups, last = count * (group + 1) / groups;
    multiply_rows<vectors>(d, pixels, first, last - first, depth, panel, emit, ahead);
  }
}

// About how often multiply_pixels prefetches for all columns.
template <int block, class D>
std::int64_t prefetches_of_products(D, std::int64_t pixels, std::int64_t depth, std::int64_t columns) {
  constexpr std::int64_t panel = 2 * width_of<D>;
  return row_groups<2>(pixels) * ((columns + panel - 1) / panel) * (depth / block);
}

// Adds to `sums`, in panels of b's channels, each [a's channel][b's channels of the panel], the sum over
// `count` pixels of a's channel times b's channel; a_channels is a multiple of 8. Prefetches
// prefetches_of_sums times.
template <int block, class D>
void accumulate_pixels(D d, const Pixels<block>& a, std::int64_t a_channels, const Pixels<block>& b,
                       std::int64_t b_channels, std::int64_t count, float* HWY_RESTRICT sums,
                       Prefetchers& ahead) {
  for_pairs_of_vectors(d, b_channels, [&](auto vectors, std::int64_t j) HWY_ATTR {
    constexpr std::int64_t panel = vectors * width_of<D>, tile = product_rows * panel;
    const float* rows[vectors];
    for (int v = 0; v < vectors; ++v) rows[v] = b.at(j + v * width_of<D>);
    for (std::int64_t i = 0; i < a_channels; i += product_rows, sums += tile) {
      ahead.fetch();
      // The next sums, which would otherwise be waited for.
      for (std::int64_t n = 0; n < tile; n += cache_line) hwy::Prefetch(sums + tile + n);
      accumulate_rows<product_rows, vectors>(d, a.at(i), block, count, rows, block, sums, panel);
    }
  });
}

template <class D>
std::int64_t prefetches_of_sums(D, std::int64_t a_channels, std::int64_t b_channels) {
  constexpr std::int64_t panel = 2 * width_of<D>;
  return a_channels / product_rows * ((b_channels + panel - 1) / panel);
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
