#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

namespace revnet {
namespace {

using Block = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

// Philox4x32-10 written from the paper (Salmon et al., SC 2011, section 3.3), not from Random123.
Block philox(Block x, Key key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0], b = std::uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ key[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return x;
}

std::vector<std::uint32_t> draw(RandomStream stream, std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  for (std::uint32_t& x : numbers) x = stream.next_u32();
  return numbers;
}

struct Moments {
  double mean, variance;
};

Moments moments(const std::vector<double>& x) {
  const double n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double squares = 0.0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  return {mean, squares / n};
}

TEST_CASE("the stream of an all-zero name is the published vector") {
  CHECK(draw(RandomStream(0, static_cast<Purpose>(0), 0, 0), 4) ==
        std::vector<std::uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

TEST_CASE("a stream is Philox counting blocks under its name") {
  constexpr std::uint64_t seed = 0x0123456789abcdef;
  const auto numbers = draw(RandomStream(seed, Purpose::augmentation, 7, 4000000000u), 400);
  for (std::uint32_t block = 0; block < 100; ++block) {
    const Block expected = philox({block, 4000000000u, 7, 3}, {0x89abcdef, 0x01234567});
    CHECK(std::equal(expected.begin(), expected.end(), numbers.begin() + 4 * block));
  }
}

TEST_CASE("the same name gives the same numbers") {
  const RandomStream stream(42, Purpose::shuffle, 3, 5);
  CHECK(draw(stream, 50) == draw(RandomStream(42, Purpose::shuffle, 3, 5), 50));
  CHECK(draw(stream, 50) == draw(stream, 50));  // drawing from a copy left the original unchanged
}

TEST_CASE("every part of the name matters") {
  const auto base = draw(RandomStream(1, Purpose::shuffle, 2, 3), 16);
  CHECK(base != draw(RandomStream(2, Purpose::shuffle, 2, 3), 16));
  CHECK(base != draw(RandomStream(1 + (1ull << 32), Purpose::shuffle, 2, 3), 16));
  CHECK(base != draw(RandomStream(1, Purpose::augmentation, 2, 3), 16));
  CHECK(base != draw(RandomStream(1, Purpose::shuffle, 3, 3), 16));
  CHECK(base != draw(RandomStream(1, Purpose::shuffle, 2, 4), 16));
  CHECK(base != draw(RandomStream(1, Purpose::shuffle, 3, 2), 16));
}

TEST_CASE("purposes keep their numbers") {
  CHECK(static_cast<int>(Purpose::initialization) == 1);
  CHECK(static_cast<int>(Purpose::shuffle) == 2);
  CHECK(static_cast<int>(Purpose::augmentation) == 3);
  CHECK(static_cast<int>(Purpose::synthetic_image) == 4);
  CHECK(static_cast<int>(Purpose::synthetic_label) == 5);
}

TEST_CASE("64 bits are two draws, the first one in the high half") {
  RandomStream stream(9, Purpose::shuffle, 0, 0);
  const auto words = draw(stream, 2);
  CHECK(stream.next_u64() == (std::uint64_t{words[0]} << 32 | words[1]));
}

// For n = 200000 the standard errors are 0.289 / sqrt(n) = 6.5e-4 for the mean and 0.0745 / sqrt(n) = 1.7e-4
// for the variance; the bounds are 5 standard errors.
TEST_CASE("uniform lies between 0 and 1 with the right moments") {
  RandomStream stream(5, Purpose::synthetic_image, 0, 0);
  std::vector<double> x(200000);
  for (double& value : x) value = stream.uniform();
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  CHECK(*least >= 0.0);
  CHECK(*least < 1e-4);
  CHECK(*most < 1.0);
  CHECK(*most > 1.0 - 1e-4);
  CHECK(std::abs(moments(x).mean - 0.5) < 3.3e-3);
  CHECK(std::abs(moments(x).variance - 1.0 / 12.0) < 8.5e-4);
}

TEST_CASE("uniform has 53 random bits") {
  RandomStream words(6, Purpose::shuffle, 0, 0), stream = words;
  for (int i = 0; i < 100; ++i) {
    CHECK(stream.uniform() == std::ldexp(static_cast<double>(words.next_u64() >> 11), -53));
  }
}

TEST_CASE("below reaches every value about equally often") {
  RandomStream stream(7, Purpose::shuffle, 0, 0);
  for (const std::uint32_t bound : {1u, 2u, 7u, 10u, 100u}) {
    constexpr int draws = 70000;
    std::vector<int> counts(bound);
    for (int i = 0; i < draws; ++i) {
      const std::uint32_t value = stream.below(bound);
      REQUIRE(value < bound);
      ++counts[value];
    }
    const double p = 1.0 / bound;
    for (const int count : counts) {
      CHECK(std::abs(count - draws * p) <= 5.0 * std::sqrt(draws * p * (1.0 - p)));
    }
  }
}

// Without rejection, a third of the values below 3 * 2^30 would come up twice as often as the others, and
// half of the draws would share one remainder. The standard error of that share is 0.0024.
TEST_CASE("below is unbiased for a bound near 2^32") {
  RandomStream stream(8, Purpose::shuffle, 0, 0);
  constexpr int draws = 40000;
  std::array<int, 3> remainders{};
  for (int i = 0; i < draws; ++i) ++remainders[stream.below(3u << 30) % 3];
  for (const int count : remainders) CHECK(std::abs(count / double{draws} - 1.0 / 3.0) < 0.012);
}

// Standard errors for n = 200000: mean 0.0022, variance 0.0032, share beyond 2 0.00047.
TEST_CASE("normal has the moments and tails of a standard normal") {
  RandomStream stream(10, Purpose::initialization, 0, 0);
  std::vector<double> x(200000);
  for (double& value : x) value = stream.normal();
  CHECK(std::abs(moments(x).mean) < 0.011);
  CHECK(std::abs(moments(x).variance - 1.0) < 0.016);
  const auto beyond = std::count_if(x.begin(), x.end(), [](double v) { return std::abs(v) > 2.0; });
  CHECK(std::abs(static_cast<double>(beyond) / 200000.0 - 0.0455) < 0.0024);
  CHECK(std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }));
}

// The variance of a standard normal truncated at +-2 is 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737.
TEST_CASE("truncated normal stays within 2 and has its variance") {
  RandomStream stream(11, Purpose::initialization, 0, 0);
  std::vector<double> x(200000);
  for (double& value : x) value = stream.truncated_normal();
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  CHECK(*least >= -2.0);
  CHECK(*least < -1.99);
  CHECK(*most <= 2.0);
  CHECK(*most > 1.99);
  CHECK(std::abs(moments(x).mean) < 0.01);
  CHECK(std::abs(moments(x).variance - 0.7737) < 0.01);
}

}  // namespace
}  // namespace revnet
