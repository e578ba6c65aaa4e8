#include "study/exchange.h"

#include <thread>

#include <doctest/doctest.h>

#include "ranks/thread_communicator.h"

namespace revnet {
namespace {

// A communicator whose second rank takes longer for its sums.
class LateCommunicator final : public ThreadCommunicator {
 public:
  using ThreadCommunicator::ThreadCommunicator;
  std::unique_ptr<PendingSum> start_sum(std::span<float> values) override {
    auto sum = ThreadCommunicator::start_sum(values);
    if (rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return sum;
  }
};

std::vector<std::vector<ExchangeTime>> of_two_ranks(std::int64_t repetitions,
                                                    const std::function<bool(int rank)>& stop) {
  testing::MeetingPlace place(2);
  std::vector<std::vector<ExchangeTime>> times(2);
  testing::on_ranks(place, [&](int rank) {
    LateCommunicator communicator(place, rank);
    times[static_cast<std::size_t>(rank)] =
        measure_exchange(communicator, {4, 1024}, repetitions, [&] { return stop(rank); });
  });
  return times;
}

TEST_CASE("each size is timed by the slowest rank") {
  const auto times = of_two_ranks(3, [](int) { return false; });
  for (const auto& of_rank : times) {
    REQUIRE(of_rank.size() == 2);
    CHECK(of_rank[0].bytes == 4);
    CHECK(of_rank[1].bytes == 1024);
    for (const ExchangeTime& time : of_rank) {
      REQUIRE(time.seconds.size() == 3);
      for (const double seconds : time.seconds) CHECK(seconds >= 0.005);
    }
  }
  CHECK(times[0][1].seconds == times[1][1].seconds);
}

TEST_CASE("if one rank is asked to stop, all ranks stop") {
  const auto times = of_two_ranks(1, [](int rank) { return rank == 1; });
  CHECK(times[0].size() == 1);
  CHECK(times[1].size() == 1);
}

TEST_CASE("a table of all-reduces shows microseconds and megabytes per second") {
  const Table table = exchange_table(2, {{4'000'000, {0.02, 0.01, 0.04}}});
  CHECK(table.format(TableFormat::csv) ==
        "ranks,bytes,microseconds,least,most,MB/s\n2,4000000,20000.0,10000.0,40000.0,200.0\n");
  CHECK(exchange_sizes().front() == 4);
  CHECK(exchange_sizes().back() == 4 << 20);
}

}  // namespace
}  // namespace revnet
