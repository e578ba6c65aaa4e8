// Matrix products of pixels in their blocked layout, [channels / block][pixels][block].
#if defined(REVNET_SIMD_PIXELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_PIXELS_INL_H_
#undef REVNET_SIMD_PIXELS_INL_H_
#else
#define REVNET_SIMD_PIXELS_INL_H_
#endif

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

// sum[r][v] = the products of `rows` pixels, of which the first begins at `a`, and a panel of the weights,
// [depth][vectors].
template <int rows, int vectors, int block, class D>
HWY_INLINE void sum_products(D d, const float* HWY_RESTRICT a, std::int64_t stride, std::int64_t depth,
                             const float* HWY_RESTRICT panel, hn::Vec<D> (&sum)[rows][vectors]) {
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (std::int64_t c = 0; c < depth; c += block, a += stride) {
    for (int k = 0; k < block; ++k, panel += vectors * width_of<D>) {
      hn::Vec<D> row[vectors];
      for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, panel + v * width_of<D>);
      for (int r = 0; r < rows; ++r) {
        const auto factor = hn::Set(d, a[r * block + k]);
        for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
      }
    }
  }
}

// The same sums, in memory.
template <int rows, int vectors, int block, class D>
HWY_NOINLINE void store_products(D d, const float* HWY_RESTRICT a, std::int64_t stride, std::int64_t depth,
                                 const float* HWY_RESTRICT panel, float* HWY_RESTRICT results) {
  hn::Vec<D> sum[rows][vectors];
  sum_products<rows, vectors, block>(d, a, stride, depth, panel, sum);
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[r][v], d, results + (r * vectors + v) * width_of<D>);
  }
}

// Multiplies `rows` pixels, from `first` on, by a panel of the weights, [depth][vectors], and calls
// emit(vector, pixel, value) with each result.
template <int rows, int vectors, int block, class D, class Emit>
HWY_INLINE void multiply_rows(D d, const Pixels<block>& pixels, std::int64_t first, std::int64_t depth,
                              const float* HWY_RESTRICT panel, const Emit& emit) {
  const float* const a = pixels.values + first * block;
  if constexpr (HWY_TARGET <= HWY_AVX3) {
    // Beside the registers that `emit` uses, GCC 12 would keep the weights on the stack, and read them from
    // there for every multiply-add. With AVX2 the detour through memory costs more than it saves.
    HWY_ALIGN float results[rows * vectors * width_of<D>];
    store_products<rows, vectors, block>(d, a, pixels.stride, depth, panel, results);
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) {
        emit(v, first + r, hn::Load(d, results + (r * vectors + v) * width_of<D>));
      }
    }
  } else {
    hn::Vec<D> sum[rows][vectors];
    sum_products<rows, vectors, block>(d, a, pixels.stride, depth, panel, sum);
    for (int r = 0; r < rows; ++r) {
      for (int v = 0; v < vectors; ++v) emit(v, first + r, sum[r][v]);
    }
  }
}

// Does the same for pixels 0 to count - 1 and calls between(), which may prefetch, after each group of rows.
template <int vectors, int block, class D, class Emit, class Between>
HWY_INLINE void multiply_pixels(D d, const Pixels<block>& pixels, std::int64_t count, std::int64_t depth,
                                const float* HWY_RESTRICT panel, const Emit& emit, const Between& between) {
  constexpr int most = vectors == 1 ? 2 * product_rows : product_rows;
  std::int64_t first = 0;
  for (; count - first >= most; first += most) {
    multiply_rows<most, vectors>(d, pixels, first, depth, panel, emit);
    between();
  }
  for (; first < count; ++first) multiply_rows<1, vectors>(d, pixels, first, depth, panel, emit);
}

// sums[i][j] += sum over `count` pixels of a's channel i times b's channel j; a_channels is a multiple of 8.
template <int block, class D>
void accumulate_pixels(D d, const Pixels<block>& a, std::int64_t a_channels, const Pixels<block>& b,
                       std::int64_t b_channels, std::int64_t count, float* HWY_RESTRICT sums) {
  constexpr std::int64_t lanes = width_of<D>;
  for (std::int64_t j = 0; j < b_channels;) {
    const std::int64_t vectors = b_channels - j >= 2 * lanes ? 2 : 1;
    for (std::int64_t i = 0; i < a_channels; i += product_rows) {
      float* const to = sums + i * b_channels + j;
      if (vectors == 2) {
        const float* const rows[2] = {b.at(j), b.at(j + lanes)};
        accumulate_rows<product_rows, 2>(d, a.at(i), block, count, rows, block, to, b_channels);
      } else {
        const float* const rows[1] = {b.at(j)};
        accumulate_rows<product_rows, 1>(d, a.at(i), block, count, rows, block, to, b_channels);
      }
    }
    j += vectors * lanes;
  }
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
