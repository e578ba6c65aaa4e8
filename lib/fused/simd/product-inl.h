// Matrix products small enough to keep their sums in registers.
#if defined(REVNET_SIMD_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_PRODUCT_INL_H_
#undef REVNET_SIMD_PRODUCT_INL_H_
#else
#define REVNET_SIMD_PRODUCT_INL_H_
#endif

#include <cstdint>
#include <numeric>

#include "fused/simd/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// Calls f(vectors, first column) for panels that cover all columns. A panel has two vectors; if their number
// is odd, the last panel has three, or one if there is no other.
template <class D, class F>
HWY_INLINE void for_panels(D, std::int64_t columns, const F& f) {
  constexpr std::int64_t lanes = width_of<D>;
  std::int64_t j = 0;
  for (; columns - j >= 4 * lanes || columns - j == 2 * lanes; j += 2 * lanes) f(Constant<2>(), j);
  if (columns - j == 3 * lanes) f(Constant<3>(), j);
  if (columns - j == lanes) f(Constant<1>(), j);
}

// Calls f(vectors, first column) for panels of two vectors, and perhaps a last one of one.
template <class D, class F>
HWY_INLINE void for_pairs_of_vectors(D, std::int64_t columns, const F& f) {
  constexpr std::int64_t lanes = width_of<D>;
  std::int64_t column = 0;
  for (; columns - column >= 2 * lanes; column += 2 * lanes) f(Constant<2>(), column);
  if (column < columns) f(Constant<1>(), column);
}

// Calls f(rows, first row) for blocks that cover `all` rows, a multiple of product_rows. The sums of each
// block fit in registers.
template <int vectors, class F>
HWY_INLINE void for_rows(std::int64_t all, const F& f) {
  constexpr int tall = vectors <= 2 ? tall_rows : product_rows, both = std::lcm(tall, product_rows);
  std::int64_t r = 0;
  for (; (all - r) % product_rows != 0 || all - r >= both; r += tall) f(Constant<tall>(), r);
  for (; r < all; r += product_rows) f(Constant<product_rows>(), r);
}

// c[r][j] = sum over k of a[r][k] b[k][j], for `rows` rows and a panel of `vectors` vectors of columns. If
// the compiler knows the depth, it addresses every element of a by a constant offset; a known_depth of 0
// stands for any_depth.
template <int rows, int vectors, int known_depth, class D>
HWY_INLINE void multiply_block(D d, const float* HWY_RESTRICT a, std::int64_t any_depth,
                               const float* HWY_RESTRICT panel, std::int64_t columns, float* HWY_RESTRICT c) {
  const std::int64_t depth = known_depth > 0 ? known_depth : any_depth;
  hn::Vec<D> sum[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) sum[r][v] = hn::Zero(d);
  }
  HWY_UNROLL(8)
  for (std::int64_t k = 0; k < depth; ++k) {
    hn::Vec<D> row[vectors];
    for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, panel + (k * vectors + v) * width_of<D>);
    for (int r = 0; r < rows; ++r) {
      const auto factor = hn::Set(d, a[r * depth + k]);
      for (int v = 0; v < vectors; ++v) sum[r][v] = hn::MulAdd(factor, row[v], sum[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) hn::Store(sum[r][v], d, c + r * columns + v * width_of<D>);
  }
}

template <int known_depth, class D>
HWY_INLINE void multiply_with(D d, const float* HWY_RESTRICT a, std::int64_t rows, std::int64_t depth,
                              const float* HWY_RESTRICT b, std::int64_t columns, float* HWY_RESTRICT c) {
  for_panels(d, columns, [&](auto vectors, std::int64_t j) HWY_ATTR {
    for_rows<vectors>(rows, [&](auto count, std::int64_t r) HWY_ATTR {
      multiply_block<count, vectors, known_depth>(d, a + r * depth, depth, b + j * depth, columns,
                                                  c + r * columns + j);
    });
  });
}

// c = a b, where a is [rows, depth], c is [rows, columns], and b is [depth, columns] in consecutive panels,
// each [depth][columns of the panel]. `rows` is a multiple of product_rows, `columns` of the vector's width.
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
// of which vector v begins at b[v]. Strides are floats from one row to the next.
template <int columns, int vectors, class D>
HWY_INLINE void accumulate_rows(D d, const float* HWY_RESTRICT a, std::int64_t a_stride, std::int64_t rows,
                                const float* const (&b)[vectors], std::int64_t b_stride,
                                float* HWY_RESTRICT c, std::int64_t c_stride) {
  hn::Vec<D> sum[columns][vectors];
  for (int i = 0; i < columns; ++i) {
    for (int v = 0; v < vectors; ++v) sum[i][v] = hn::Load(d, c + i * c_stride + v * width_of<D>);
  }
  HWY_UNROLL(4)
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

// c += a^T b, where a is [rows, a_columns] with a_stride floats from row to row, b is [rows, b_columns] and c
// is [a_columns, b_columns], both dense. `a_columns` is a multiple of 8, `b_columns` of the vector's width.
template <class D>
HWY_INLINE void accumulate(D d, const float* HWY_RESTRICT a, std::int64_t a_stride, std::int64_t a_columns,
                           std::int64_t rows, const float* HWY_RESTRICT b, std::int64_t b_columns,
                           float* HWY_RESTRICT c) {
  for_panels(d, b_columns, [&](auto vectors, std::int64_t j) HWY_ATTR {
    const float* from[vectors];
    for (int v = 0; v < vectors; ++v) from[v] = b + j + v * width_of<D>;
    for_rows<vectors>(a_columns, [&](auto count, std::int64_t i) HWY_ATTR {
      accumulate_rows<count, vectors>(d, a + i, a_stride, rows, from, b_columns, c + i * b_columns + j,
                                      b_columns);
    });
  });
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
