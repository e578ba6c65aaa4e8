#include "data/sample_order.h"

#include <set>

#include <doctest/doctest.h>

#include "base/error.h"

namespace revnet {
namespace {

std::vector<std::uint32_t> epoch_of(SampleOrder& order, std::size_t size, std::int64_t epoch) {
  std::vector<std::uint32_t> indices;
  for (std::size_t p = 0; p < size; ++p) {
    const auto sample = order.at(epoch * static_cast<std::int64_t>(size) + static_cast<std::int64_t>(p));
    CHECK(sample.epoch == epoch);
    indices.push_back(sample.index);
  }
  return indices;
}

bool is_permutation_of(const std::vector<std::uint32_t>& indices, std::size_t size) {
  const std::set<std::uint32_t> seen(indices.begin(), indices.end());
  return indices.size() == size && seen.size() == size && *seen.rbegin() == size - 1;
}

TEST_CASE("every epoch is a permutation") {
  for (const std::size_t size : {1ul, 2ul, 7ul, 503ul}) {
    SampleOrder order(size, 11);
    for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
      CHECK(is_permutation_of(epoch_of(order, size, epoch), size));
    }
  }
}

TEST_CASE("different epochs and seeds shuffle differently") {
  SampleOrder order(503, 11);
  SampleOrder same(503, 11);
  SampleOrder other(503, 12);
  const auto first = epoch_of(order, 503, 0);
  std::vector<std::uint32_t> sorted(503);
  for (std::uint32_t i = 0; i < 503; ++i) sorted[i] = i;
  CHECK(first != sorted);
  CHECK(first != epoch_of(order, 503, 1));
  CHECK(epoch_of(order, 503, 1) != epoch_of(order, 503, 2));
  CHECK(first != epoch_of(other, 503, 0));
  CHECK(first == epoch_of(same, 503, 0));
}

TEST_CASE("the order does not depend on earlier calls") {
  SampleOrder walked(10, 3);
  std::vector<SampleOrder::Sample> row;
  for (std::int64_t p = 0; p < 60; ++p) row.push_back(walked.at(p));
  for (const std::int64_t p : {59, 0, 31, 12, 9, 10, 29, 30, 5, 55}) {
    SampleOrder fresh(10, 3);
    for (SampleOrder* order : {&fresh, &walked}) {
      const auto sample = order->at(p);
      CHECK(sample.epoch == p / 10);
      CHECK(sample.index == row[static_cast<std::size_t>(p)].index);
    }
  }
}

TEST_CASE("every order of three images comes up about equally often") {
  SampleOrder order(3, 5);
  std::array<int, 27> counts{};
  for (std::int64_t epoch = 0; epoch < 6000; ++epoch) {
    const auto p = epoch * 3;
    ++counts[order.at(p).index * 9 + order.at(p + 1).index * 3 + order.at(p + 2).index];
  }
  int seen = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++seen;
    CHECK(count > 850);  // five standard deviations below 1000
    CHECK(count < 1150);
  }
  CHECK(seen == 6);
}

TEST_CASE("late positions work and impossible ones are errors") {
  SampleOrder order(50'000, 1);
  const auto sample = order.at(80'000ll * 100 * 1000);
  CHECK(sample.epoch == 160'000);
  CHECK(sample.index < 50'000);
  CHECK_THROWS_AS(order.at(-1), Error);
  CHECK_THROWS_AS(order.at(50'000ll << 32), Error);
  CHECK_THROWS_AS(SampleOrder(0, 1), Error);
}

}  // namespace
}  // namespace revnet
