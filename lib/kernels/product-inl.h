// Small matrix products in registers.
#if defined(REVNET_KERNELS_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_KERNELS_PRODUCT_INL_H_
#undef REVNET_KERNELS_PRODUCT_INL_H_
#else
#define REVNET_KERNELS_PRODUCT_INL_H_
#endif

#include <type_traits>

#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::kernels::HWY_NAMESPACE {

template <int value>
using Constant = std::integral_constant<int, value>;

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

template <int known_depth, class D>
HWY_INLINE void multiply_with(D d, const float* HWY_RESTRICT a, std::int64_t rows, std::int64_t depth,
                              const float* HWY_RESTRICT b, std::int64_t columns, float* HWY_RESTRICT c) {
  constexpr std::int64_t lanes = width_of<D>;
  constexpr int most = 2 * product_rows;
  const auto block = [&](auto vectors, auto count, std::int64_t r, std::int64_t j) HWY_ATTR {
    multiply_block<count, vectors, known_depth>(d, a + r * depth, depth, b + j, columns, c + r * columns + j);
  };
  std::int64_t j = 0;
  for (; columns - j >= 2 * lanes; j += 2 * lanes) {
    for (std::int64_t r = 0; r < rows; r += product_rows)
      block(Constant<2>(), Constant<product_rows>(), r, j);
  }
  if (j == columns) return;
  std::int64_t r = 0;
  for (; rows - r >= most; r += most) block(Constant<1>(), Constant<most>(), r, j);
  if (r < rows) block(Constant<1>(), Constant<product_rows>(), r, j);
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
  for (std::int64_t i = 0; i < a_columns; i += product_rows) {
    std::int64_t j = 0;
    for (; b_columns - j >= 2 * lanes; j += 2 * lanes) {
      const float* const both[2] = {b + j, b + j + lanes};
      accumulate_rows<product_rows, 2>(d, a + i, a_columns, rows, both, b_columns, c + i * b_columns + j,
                                       b_columns);
    }
    if (j < b_columns) {
      const float* const one[1] = {b + j};
      accumulate_rows<product_rows, 1>(d, a + i, a_columns, rows, one, b_columns, c + i * b_columns + j,
                                       b_columns);
    }
  }
}

}  // namespace revnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
