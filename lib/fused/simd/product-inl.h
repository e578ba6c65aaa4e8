// Small matrix products in registers.
#if defined(REVNET_SIMD_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_PRODUCT_INL_H_
#undef REVNET_SIMD_PRODUCT_INL_H_
#else
#define REVNET_SIMD_PRODUCT_INL_H_
#endif

#include <algorithm>
#include <numeric>

#include "fused/simd/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// c[r][j] = sum over k of a[r][k] b[k][j], for `rows` rows and `vectors` vectors of columns. With a depth
// known to the compiler every element of a lies at a constant distance; 0: any_depth.
template <int rows, int vectors, int known_depth, class D>
HWY_INLINE void multiply_block(D d, const float* HWY_RESTRICT a, std::int64_t any_depth,
                               const float* HWY_RESTRICT b, std::int64_t columns, float* HWY_RESTRICT c) {
  const std::int64_t depth = known_depth > 0 ? known_depth : any_depth;
  hn::Vec<D> sum[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    hn::Vec<D> row[vectors];
    for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, b + k * columns + v * width_of<D>);
    for (int r = 0; r < rows; ++r) {
      const auto factor = hn::Set(d, a[r * depth + k]);
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[r][v], d, c + r * columns + v * width_of<D>);
  }
}

// f(rows, vectors, first row, first vector) for blocks that cover `all` rows, a multiple of product_rows, of
// `vectors` vectors: as many as can be have block_sums sums, the rest product_rows rows of one or two
// vectors.
template <int vectors, class F>
HWY_INLINE void for_blocks(std::int64_t all, const F& f) {
  constexpr int tall = block_sums / vectors, wide = std::min(vectors, 2);
  std::int64_t r = 0;
  for (; (all - r) % product_rows != 0 || all - r >= std::lcm(tall, product_rows); r += tall) {
    f(Constant<tall>(), Constant<vectors>(), r, 0);
  }
  for (; r < all; r += product_rows) {
    for (int v = 0; v < vectors; v += wide) f(Constant<product_rows>(), Constant<wide>(), r, v);
  }
}

// f(vectors, first column) for all columns, in groups of as many vectors as one block takes.
template <class D, class F>
HWY_INLINE void for_column_groups(D, std::int64_t columns, const F& f) {
  constexpr std::int64_t lanes = width_of<D>;
  std::int64_t j = 0;
  for (; columns - j >= block_vectors * lanes; j += block_vectors * lanes) f(Constant<block_vectors>(), j);
  for (; columns - j >= 2 * lanes; j += 2 * lanes) f(Constant<2>(), j);
  if (j < columns) f(Constant<1>(), j);
}

template <int known_depth, class D>
HWY_INLINE void multiply_with(D d, const float* HWY_RESTRICT a, std::int64_t rows, std::int64_t depth,
                              const float* HWY_RESTRICT b, std::int64_t columns, float* HWY_RESTRICT c) {
  constexpr std::int64_t lanes = width_of<D>;
  for_column_groups(d, columns, [&](auto vectors, std::int64_t first) HWY_ATTR {
    for_blocks<vectors>(rows, [&](auto count, auto wide, std::int64_t r, int v) HWY_ATTR {
      const std::int64_t j = first + v * lanes;
      multiply_block<count, wide, known_depth>(d, a + r * depth, depth, b + j, columns, c + r * columns + j);
    });
  });
}

// c = a b: a [rows, depth], b [depth, columns], c [rows, columns], all dense; rows a multiple of
// product_rows, columns of the vector.
template <class D>
void multiply(D d, const float* HWY_RESTRICT a, std::int64_t rows, std::int64_t depth,
              const float* HWY_RESTRICT b, std::int64_t columns, float* HWY_RESTRICT c) {
  switch (depth) {
    case 16:
      return multiply_with<16>(d, a, rows, depth, b, columns, c);
    case 32:
      return multiply_with<32>(d, a, rows, depth, b, columns, c);
    case 64:
      return multiply_with<64>(d, a, rows, depth, b, columns, c);
    case 128:
      return multiply_with<128>(d, a, rows, depth, b, columns, c);
    case 256:
      return multiply_with<256>(d, a, rows, depth, b, columns, c);
    default:
      return multiply_with<0>(d, a, rows, depth, b, columns, c);
  }
}

// c[i][j] += sum over r of a[r][i] b[r][j], for `columns` columns i of a and `vectors` vectors of columns j,
// each of which begins at b[v]; strides in floats from one row to the next.
template <int columns, int vectors, class D>
HWY_INLINE void accumulate_rows(D d, const float* HWY_RESTRICT a, std::int64_t a_stride, std::int64_t rows,
                                const float* const (&b)[vectors], std::int64_t b_stride,
                                float* HWY_RESTRICT c, std::int64_t c_stride) {
  hn::Vec<D> sum[columns][vectors];
  for (int i = 0; i < columns; ++i) {
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Load(d, c + i * c_stride + v * width_of<D>);
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    hn::Vec<D> row[vectors];
    for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, b[v] + r * b_stride);
    for (int i = 0; i < columns; ++i) {
      const auto factor = hn::Set(d, a[r * a_stride + i]);
      for (int v = 0; v < vectors; ++v) sum[i][v] = hn::MulAdd(factor, row[v], sum[i][v]);
    }
  }
  for (int i = 0; i < columns; ++i) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[i][v], d, c + i * c_stride + v * width_of<D>);
  }
}

// c += a^T b: a [rows, a_columns], b [rows, b_columns], c [a_columns, b_columns], all dense; a_columns a
// multiple of 8, b_columns of the vector.
template <class D>
HWY_INLINE void accumulate(D d, const float* HWY_RESTRICT a, std::int64_t a_columns, std::int64_t rows,
                           const float* HWY_RESTRICT b, std::int64_t b_columns, float* HWY_RESTRICT c) {
  constexpr std::int64_t lanes = width_of<D>;
  for_column_groups(d, b_columns, [&](auto vectors, std::int64_t first) HWY_ATTR {
    for_blocks<vectors>(a_columns, [&](auto count, auto wide, std::int64_t i, int v) HWY_ATTR {
      const std::int64_t j = first + v * lanes;
      const float* from[wide];
      for (int w = 0; w < wide; ++w) from[w] = b + j + w * lanes;
      accumulate_rows<count, wide>(d, a + i, a_columns, rows, from, b_columns, c + i * b_columns + j,
                                   b_columns);
    });
  });
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
