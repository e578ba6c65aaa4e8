// The one-dimensional transforms of Winograd F(4, 3), on vectors. The Toom-Cook algorithm multiplies two
// polynomials by evaluating both at the points 0, 1, -1, 2, -2 and infinity (matrices G and A, one point per
// row) and interpolating the product (matrix B). Its transpose is a filter: y = A^T ((G g) * (B^T d)) gives
// four outputs of three taps g on six inputs d. In two dimensions, what is read is transformed by columns
// before rows; outputs and the filter's gradient by rows before columns.
#if defined(REVNET_SIMD_TRANSFORMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_TRANSFORMS_INL_H_
#undef REVNET_SIMD_TRANSFORMS_INL_H_
#else
#define REVNET_SIMD_TRANSFORMS_INL_H_
#endif

#include "fused/simd/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// Rows of a transform come in pairs, (1, 2), (3, 4) and (0, 5), that share sums of the input. Kernels compute
// one pair of rows of all tiles at a time, which takes a third of the memory and so stays in the first-level
// cache. Points lie in memory in the order of the pairs; place_of_row[i] is the place of row i in that order.
constexpr int place_of_row[6] = {4, 0, 1, 2, 3, 5};

// Computes two rows of r = B^T d from six values of a tile that overlaps its neighbours by two.
//         4   0  -5   0   1   0
//         0  -4  -4   1   1   0
//   B^T = 0   4  -4  -1   1   0
//         0  -2  -1   2   1   0
//         0   2  -1  -2   1   0
//         0   4   0  -5   0   1
template <int pair, class D, class V = hn::Vec<D>>
HWY_INLINE void transform_overlapping_pair(D d, const V (&x)[6], V& first, V& second) {
  const V two = hn::Set(d, 2.0f), four = hn::Set(d, 4.0f), five = hn::Set(d, 5.0f);
  if constexpr (pair == 0) {
    const V even = hn::NegMulAdd(four, x[2], x[4]), odd = hn::NegMulAdd(four, x[1], x[3]);
    first = hn::Add(even, odd);
    second = hn::Sub(even, odd);
  } else if constexpr (pair == 1) {
    const V even = hn::Sub(x[4], x[2]), odd = hn::Sub(x[3], x[1]);
    first = hn::MulAdd(two, odd, even);
    second = hn::NegMulAdd(two, odd, even);
  } else {
    first = hn::MulAdd(four, x[0], hn::NegMulAdd(five, x[2], x[4]));
    second = hn::MulAdd(four, x[1], hn::NegMulAdd(five, x[3], x[5]));
  }
}

// r = B^T d, with rows in the order 0 to 5.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_overlapping(D d, const V (&x)[6], V (&r)[6]) {
  transform_overlapping_pair<0>(d, x, r[1], r[2]);
  transform_overlapping_pair<1>(d, x, r[3], r[4]);
  transform_overlapping_pair<2>(d, x, r[0], r[5]);
}

// y = A^T m gives four outputs.
//         1   1   1   1   1   0
//   A^T = 0   1  -1   2  -2   0
//         0   1   1   4   4   0
//         0   1  -1   8  -8   1
//
// Computes row `row` of it from m's ends and from the sums and differences of m's pairs.
template <int row, class D, class V = hn::Vec<D>>
HWY_INLINE V output_row(D d, V m0, V sum1, V difference1, V sum2, V difference2, V m5) {
  if constexpr (row == 0) return hn::Add(hn::Add(m0, sum1), sum2);
  if constexpr (row == 1) return hn::MulAdd(hn::Set(d, 2.0f), difference2, difference1);
  if constexpr (row == 2) return hn::MulAdd(hn::Set(d, 4.0f), sum2, sum1);
  if constexpr (row == 3) return hn::Add(hn::MulAdd(hn::Set(d, 8.0f), difference2, difference1), m5);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_output(D d, const V (&m)[6], V (&y)[4]) {
  const V sum1 = hn::Add(m[1], m[2]), difference1 = hn::Sub(m[1], m[2]);
  const V sum2 = hn::Add(m[3], m[4]), difference2 = hn::Sub(m[3], m[4]);
  y[0] = output_row<0>(d, m[0], sum1, difference1, sum2, difference2, m[5]);
  y[1] = output_row<1>(d, m[0], sum1, difference1, sum2, difference2, m[5]);
  y[2] = output_row<2>(d, m[0], sum1, difference1, sum2, difference2, m[5]);
  y[3] = output_row<3>(d, m[0], sum1, difference1, sum2, difference2, m[5]);
}

// Computes two rows of r = A y from four values of a tile that overlaps no other; A is the transpose of the
// matrix above. The weight gradient takes the output gradient in tiles that overlap and the convolution's
// input in tiles that do not, because the input gradient needs the overlapping ones anyway.
template <int pair, class D, class V = hn::Vec<D>>
HWY_INLINE void transform_separate_pair(D d, const V (&y)[4], V& first, V& second) {
  const V two = hn::Set(d, 2.0f), four = hn::Set(d, 4.0f);
  if constexpr (pair == 0) {
    const V even = hn::Add(y[0], y[2]), odd = hn::Add(y[1], y[3]);
    first = hn::Add(even, odd);
    second = hn::Sub(even, odd);
  } else if constexpr (pair == 1) {
    const V even = hn::MulAdd(four, y[2], y[0]), odd = hn::MulAdd(four, y[3], y[1]);
    first = hn::MulAdd(two, odd, even);
    second = hn::NegMulAdd(two, odd, even);
  } else {
    first = y[0];
    second = y[3];
  }
}

// r = A y, with rows in the order 0 to 5.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_separate(D d, const V (&y)[4], V (&r)[6]) {
  transform_separate_pair<0>(d, y, r[1], r[2]);
  transform_separate_pair<1>(d, y, r[3], r[4]);
  transform_separate_pair<2>(d, y, r[0], r[5]);
}

// r = G g transforms the three taps of a filter.
//        1/4    0     0
//       -1/6  -1/6  -1/6
//   G = -1/6   1/6  -1/6
//       1/24  1/12   1/6
//       1/24 -1/12   1/6
//         0     0     1
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_filter(D d, const V (&g)[3], V (&r)[6]) {
  const V sixth = hn::Set(d, 1.0f / 6), twelfth = hn::Set(d, 1.0f / 12),
          twenty_fourth = hn::Set(d, 1.0f / 24);
  const V ends = hn::Mul(hn::Add(g[0], g[2]), sixth), middle = hn::Mul(g[1], sixth);
  const V ends2 = hn::MulAdd(g[0], twenty_fourth, hn::Mul(g[2], sixth)), middle2 = hn::Mul(g[1], twelfth);
  r[0] = hn::Mul(g[0], hn::Set(d, 0.25f));
  r[1] = hn::Neg(hn::Add(ends, middle));
  r[2] = hn::Sub(middle, ends);
  r[3] = hn::Add(ends2, middle2);
  r[4] = hn::Sub(ends2, middle2);
  r[5] = g[2];
}

// q = G^T m transforms products back to the gradient of the filter.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void transform_filter_gradient(D d, const V (&m)[6], V (&q)[3]) {
  const V sixth = hn::Set(d, 1.0f / 6), twelfth = hn::Set(d, 1.0f / 12),
          twenty_fourth = hn::Set(d, 1.0f / 24);
  const V sum1 = hn::Mul(hn::Add(m[1], m[2]), sixth), sum2 = hn::Add(m[3], m[4]);
  q[0] = hn::Add(hn::MulAdd(m[0], hn::Set(d, 0.25f), hn::Neg(sum1)), hn::Mul(sum2, twenty_fourth));
  q[1] = hn::MulAdd(hn::Sub(m[2], m[1]), sixth, hn::Mul(hn::Sub(m[3], m[4]), twelfth));
  q[2] = hn::Add(hn::MulAdd(sum2, sixth, hn::Neg(sum1)), m[5]);
}

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
