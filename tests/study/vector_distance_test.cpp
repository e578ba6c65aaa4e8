#include "study/vector_distance.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

namespace revnet {
namespace {

using Vector = std::vector<float>;

VectorDistance compared(const Vector& a, const Vector& b) {
  return distance({std::span<const float>(a)}, {std::span<const float>(b)});
}

TEST_CASE("the angle of identical vectors is zero") {
  const Vector a{0.1f, -3.7f, 1e-8f, 5e6f};
  CHECK(compared(a, a).degrees == 0);
  CHECK(compared(a, a).relative_l2 == 0);
  CHECK(compared(a, a).largest_difference == 0);
  // This also holds where normalising rounds, because both sides round alike.
  const Vector thirds(1000, 1.0f / 3);
  CHECK(compared(thirds, thirds).degrees == 0);
}

TEST_CASE("orthogonal vectors enclose 90 degrees and opposite ones 180") {
  CHECK(compared({3, 0, 4, 0}, {0, 5, 0, -12}).degrees == doctest::Approx(90).epsilon(1e-15));
  CHECK(compared({1, 2}, {-2, -4}).degrees == doctest::Approx(180).epsilon(1e-15));
}

// (1, t) and (1, 0) enclose the angle atan(t), whatever their lengths.
TEST_CASE("known small rotations are right to 1e-9 degrees") {
  for (const float t : {1.0f, 0.1f, 1e-3f, 1e-5f, 1e-7f, 1e-9f}) {
    const double exact = std::atan(static_cast<double>(t)) * 180 / std::numbers::pi;
    for (const float length : {1.0f, 8.0f, 1.0f / 1024}) {
      CAPTURE(t);
      CHECK(std::abs(compared({1, 0}, {length, length * t}).degrees - exact) < 1e-9);
      CHECK(std::abs(compared({length, length * t}, {1, 0}).degrees - exact) < 1e-9);
    }
  }
}

TEST_CASE("relative and largest differences are taken over the entries") {
  const VectorDistance of = compared({3, 4}, {3, 4.5f});
  CHECK(of.relative_l2 == doctest::Approx(0.1));
  CHECK(of.largest_difference == 0.5);
}

TEST_CASE("the pieces form one vector") {
  const Vector a{1, 2}, b{3}, c{1, 2, 3}, d{1.5f, 2}, e{2.5f}, f{1.5f, 2, 2.5f};
  const VectorDistance pieces = distance({a, b}, {d, e}), whole = compared(c, f);
  CHECK(pieces.degrees == whole.degrees);
  CHECK(pieces.relative_l2 == whole.relative_l2);
  CHECK(pieces.largest_difference == whole.largest_difference);
  CHECK_THROWS_AS(distance({a, b}, {d}), std::logic_error);
  CHECK_THROWS_AS(distance({a, b}, {e, d}), std::logic_error);
}

TEST_CASE("zero vectors enclose no angle") {
  CHECK(compared({0, 0}, {1, 2}).degrees == 0);
  CHECK(compared({0, 0}, {1, 2}).largest_difference == 2);
  CHECK(compared({1, 2}, {0, 0}).degrees == 0);
  CHECK(compared({1, 2}, {0, 0}).relative_l2 == 1);
}

}  // namespace
}  // namespace revnet
