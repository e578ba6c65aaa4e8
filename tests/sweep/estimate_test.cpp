#include "sweep/estimate.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("each of several ranks needs the memory of its part of the batch") {
  Job job{"job", Config()};
  job.config.dataset.name = Config::Dataset::Name::synthetic;
  job.config.training.batch = 100;
  const std::uint64_t whole = planned_memory(job, 1), part = planned_memory(job, 1, 4);
  job.config.training.batch = 25;
  CHECK(part == planned_memory(job, 1) + sizeof(float) * 464'890);  // and the buckets of its gradients
  CHECK(part < whole);
}

TEST_CASE("the estimate includes evaluations, and the total respects jobs that run side by side") {
  Job job{"job", Config()};
  job.config.training.iterations = 100;
  job.config.evaluation.every = 0;
  const double once = estimated_seconds(job, 1, 100);
  // RevNet-38 takes 77,231,200 multiply-adds an image.
  CHECK(once == doctest::Approx(2 * 77'231'200.0 * (4 * 10'000 + 10'000) / 100e9));
  CHECK(estimated_seconds(job, 2, 100) == doctest::Approx(once / 2));
  job.config.evaluation.every = 30;
  const double four_times = estimated_seconds(job, 1, 100);
  // A step of 100 images makes four passes (RevNet-38 reconstructs), and an evaluation makes one over 10,000
  // images.
  CHECK(four_times / once == doctest::Approx((4 * 10'000 + 4 * 10'000.0) / (4 * 10'000 + 10'000)));
  job.config.dataset.validation = true;
  CHECK(estimated_seconds(job, 1, 100) / once ==
        doctest::Approx((4 * 10'000 + 4 * 5000.0) / (4 * 10'000 + 10'000)));
  CHECK(seconds_in_all({5, 1, 1, 1}, 1) == 8);
  CHECK(seconds_in_all({5, 1, 1, 1}, 2) == 5);
  CHECK(seconds_in_all({}, 2) == 0);
}

}  // namespace
}  // namespace revnet
