#include "run/extension.h"

#include <doctest/doctest.h>

#include "train/recipe.h"
#include "train/schedule.h"
#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("a longer run has the learning rates of the shorter one and keeps the last") {
  Config before = small_config();
  before.training.iterations = 997;
  const Schedule shorter(before.training);
  for (const std::int64_t iterations : {998, 1500, 64'000, 123'457}) {
    CAPTURE(iterations);
    const Config after = extended(before, iterations);
    CHECK(after.training.iterations == iterations);
    const Schedule longer(after.training);
    for (std::int64_t done = 0; done < 1000; ++done) REQUIRE(longer.rate(done) == shorter.rate(done));
    CHECK(longer.rate(iterations) == shorter.rate(997));
  }
}

TEST_CASE("a run too short to tell its decays apart can become longer") {
  Config before = small_config();
  before.training.decay_at = {0.25, 0.5, 0.75};  // at iterations 0, 1 and 1 of 1, and 1, 2 and 2 of 3
  for (const std::int64_t short_run : {1, 2, 3}) {
    before.training.iterations = short_run;
    for (std::int64_t iterations = short_run + 1; iterations < 100; ++iterations) {
      CAPTURE(iterations);
      const Config after = extended(before, iterations);
      Config read;
      REQUIRE_NOTHROW(read_config_text(read, to_yaml(after), "config.yaml"));
      for (std::int64_t done = 0; done <= short_run; ++done) {
        CHECK(Schedule(read.training).rate(done) == Schedule(before.training).rate(done));
      }
    }
  }
}

TEST_CASE("one line describes the learning rate of an extended run") {
  Config before = small_config();
  before.training.iterations = 80'000;
  CHECK(describe_extension(extended(before, 120'000), before, 80'000) ==
        "extended from 80000 to 120000 iterations: the learning rate drops at iterations 40000, 60000, as "
        "before (set training.decay_at to choose others), and is now 0.001");
  Config anew = before;
  anew.training.iterations = 120'000;
  CHECK(contains(describe_extension(anew, before, 80'000),
                 "drops at iterations 60000, 90000, as the given training.decay_at says, and is now 0.01"));

  Config cosine = before;
  cosine.training.schedule = Config::Training::Schedule::cosine;
  CHECK(contains(describe_extension(extended(cosine, 160'000), cosine, 80'000),
                 "follows the cosine of the longer run and is now 0.05"));
  CHECK(doubtful_settings(extended(cosine, 160'000)).empty());
}

}  // namespace
}  // namespace revnet
