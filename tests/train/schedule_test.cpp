#include "train/schedule.h"

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("the paper's schedule decays after 40,000 and 60,000 iterations") {
  const Schedule schedule(Config{}.training);
  CHECK(schedule.rate(0) == 0.1);
  CHECK(schedule.rate(39999) == 0.1);
  CHECK(schedule.rate(40000) == doctest::Approx(0.01));
  CHECK(schedule.rate(59999) == doctest::Approx(0.01));
  CHECK(schedule.rate(60000) == doctest::Approx(0.001));
  CHECK(schedule.rate(79999) == doctest::Approx(0.001));
}

TEST_CASE("decay fractions round to whole iterations") {
  Config::Training settings;
  settings.learning_rate = 1;
  settings.decay_factor = 0.5;
  settings.iterations = 10;
  const Schedule schedule(settings);  // decays after 5, and after 7.5 rounded to 8
  CHECK(schedule.rate(4) == 1.0);
  CHECK(schedule.rate(5) == 0.5);
  CHECK(schedule.rate(7) == 0.5);
  CHECK(schedule.rate(8) == 0.25);
  settings.decay_at = {};
  CHECK(Schedule(settings).rate(9) == 1.0);
}

TEST_CASE("the schedule follows the settings") {
  Config config = small_config();
  config.training.iterations = 8;
  config.training.learning_rate = 0.4;
  config.training.decay_factor = 0.25;
  CHECK(Schedule(config.training).rate(3) == doctest::Approx(0.4));
  CHECK(Schedule(config.training).rate(4) == doctest::Approx(0.1));
}

TEST_CASE("the cosine schedule equals the closed form of PyTorch's CosineAnnealingLR") {
  Config::Training settings;
  settings.learning_rate = 0.4;
  settings.iterations = 10;
  settings.schedule = Config::Training::Schedule::cosine;
  const Schedule schedule(settings);
  for (int done = 0; done < 10; ++done) {
    CHECK(schedule.rate(done) == doctest::Approx(0.4 * (1 + std::cos(std::numbers::pi * done / 10)) / 2));
  }
  CHECK(schedule.rate(0) == 0.4);
  CHECK(schedule.rate(5) == doctest::Approx(0.2));
  CHECK(schedule.rate(10) == doctest::Approx(0).scale(1));
}

TEST_CASE("a warm-up rises in equal steps, and the cosine begins after it") {
  Config::Training settings;
  settings.learning_rate = 0.4;
  settings.iterations = 20;
  settings.warmup_iterations = 4;
  for (const auto shape : {Config::Training::Schedule::steps, Config::Training::Schedule::cosine}) {
    settings.schedule = shape;
    const Schedule schedule(settings);
    CHECK(schedule.rate(0) == doctest::Approx(0.1));
    CHECK(schedule.rate(1) == doctest::Approx(0.2));
    CHECK(schedule.rate(2) == doctest::Approx(0.3));
    CHECK(schedule.rate(3) == 0.4);
    CHECK(schedule.rate(4) == 0.4);
  }
  CHECK(Schedule(settings).rate(12) == doctest::Approx(0.2));  // half of the cosine's 16 iterations
  settings.schedule = Config::Training::Schedule::steps;
  CHECK(Schedule(settings).rate(9) == 0.4);
  CHECK(Schedule(settings).rate(10) == doctest::Approx(0.04));  // a warm-up does not shift steps
}

TEST_CASE("training.base_batch scales the learning rate with the batch") {
  Config::Training settings;
  settings.batch = 400;
  CHECK(Schedule(settings).rate(0) == 0.1);
  settings.base_batch = 100;
  CHECK(Schedule(settings).rate(0) == doctest::Approx(0.4));
  CHECK(Schedule(settings).rate(40000) == doctest::Approx(0.04));
}

}  // namespace
}  // namespace revnet
