#include "fused/simd/passes.h"

#include <doctest/doctest.h>

#include "simd/naive.h"
#include "simd/targets.h"

namespace revnet::testing {
namespace {

TEST_CASE("the add pass adds a source to values") {
  const Plain x = random_images(3, 24, 5, 9, 3), before = random_images(3, 24, 5, 9, 4);
  const NaiveNorm norm(24, 5, 0.0);
  const Plain normalized = norm.apply(x);
  const Buffer values = blocked(x, 8), table = norm.table(8);
  simd::Source source;
  source.form = simd::Source::Form::normalized;
  source.values = values.data();
  source.norm = {table.data(), table.data() + 24, table.data() + 48};
  each_target([&] {
    Buffer sum = blocked(before, 8);
    simd::add({3, 5, 9, 8}, 24, source, sum.data(), 2);
    const Plain result = plain_of(sum, x, 8);
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      REQUIRE(result.values[i] == doctest::Approx(before.values[i] + normalized.values[i]).epsilon(1e-6));
    }
  });
}

}  // namespace
}  // namespace revnet::testing
