#include "train/schedule.h"

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("the paper's schedule decays after 40,000 and 60,000 iterations") {
  const StepSchedule schedule(0.1, {0.5, 0.75}, 0.1, 80000);
  CHECK(schedule.rate(0) == 0.1);
  CHECK(schedule.rate(39999) == 0.1);
  CHECK(schedule.rate(40000) == doctest::Approx(0.01));
  CHECK(schedule.rate(59999) == doctest::Approx(0.01));
  CHECK(schedule.rate(60000) == doctest::Approx(0.001));
  CHECK(schedule.rate(79999) == doctest::Approx(0.001));
}

TEST_CASE("decay fractions round to whole iterations") {
  const StepSchedule schedule(1.0, {0.5, 0.75}, 0.5, 10);  // decays after 5, and after 7.5 rounded to 8
  CHECK(schedule.rate(4) == 1.0);
  CHECK(schedule.rate(5) == 0.5);
  CHECK(schedule.rate(7) == 0.5);
  CHECK(schedule.rate(8) == 0.25);
  CHECK(StepSchedule(0.3, {}, 0.1, 10).rate(9) == 0.3);
}

TEST_CASE("the schedule follows the settings") {
  Config config = small_config();
  config.training.iterations = 8;
  config.training.learning_rate = 0.4;
  config.training.decay_factor = 0.25;
  CHECK(Schedule(config.training).rate(3) == doctest::Approx(0.4));
  CHECK(Schedule(config.training).rate(4) == doctest::Approx(0.1));
}

}  // namespace
}  // namespace revnet
