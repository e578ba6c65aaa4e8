#include "sweep/sweep.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "system/host.h"
#include "system/process.h"

namespace revnet {
namespace {

TEST_CASE("cores are split evenly and used once") {
  using Groups = std::vector<std::vector<int>>;
  CHECK(split_cores({0, 1, 2, 3}, 2) == Groups{{0, 1}, {2, 3}});
  CHECK(split_cores({3, 5, 7}, 2) == Groups{{3}, {5, 7}});
  CHECK(split_cores({0, 1}, 5) == Groups{{0}, {1}});
  CHECK(split_cores({4}, 1) == Groups{{4}});
}

TEST_CASE("each of several ranks needs the memory of its part of the batch") {
  Job job{"job", Config()};
  job.config.dataset.name = Config::Dataset::Name::synthetic;
  job.config.training.batch = 100;
  const std::uint64_t whole = planned_memory(job, 1), part = planned_memory(job, 1, 4);
  job.config.training.batch = 25;
  CHECK(part == planned_memory(job, 1) + sizeof(float) * 464'890);  // and the buckets of its gradients
  CHECK(part < whole);
}

TEST_CASE("a sweep plans with --memory or the tightest limit of its process") {
  SweepOptions options;
  const std::string name = "the address space limit (ulimit -v)";
  constexpr std::uint64_t gigabyte = 1'000'000'000;
  const ProcessResult limited = call_in_child(
      [&] {
        const MemoryLimit limit = memory_for_jobs(options);
        return limit.left <= gigabyte ? limit.name : "more than there is";
      },
      {.address_space = address_space_bytes() + gigabyte});
  CHECK(limited.out == name);
  options.memory_bytes = 5 * gigabyte;
  CHECK(memory_for_jobs(options).left == 5 * gigabyte);
  CHECK(memory_for_jobs(options).name == "--memory");
}

TEST_CASE("the estimate includes evaluations, and the total respects jobs that run side by side") {
  Job job{"job", Config()};
  job.config.training.iterations = 100;
  job.config.evaluation.every = 0;
  const double once = estimated_seconds(job, 1, 100);
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

TEST_CASE("an impossible combination is refused with the job's name and a remedy") {
  Job job{"resnet32-reconstructed", Config()};
  job.config.network.architecture = "resnet32";
  CHECK_NOTHROW(check_possible(job));
  job.config.network.activations = Config::Network::Activations::reconstructed;
  CHECK(testing::message_of<UsageError>([&] { check_possible(job); }) ==
        "resnet32-reconstructed: resnet32 is not reversible: its activations cannot be reconstructed; leave "
        "the combination out with sweep.exclude");
}

}  // namespace
}  // namespace revnet
