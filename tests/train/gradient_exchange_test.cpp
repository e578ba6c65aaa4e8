// How the time of an exchange of gradients is counted.
#include "train/gradient_exchange.h"

#include <chrono>
#include <memory>
#include <thread>

#include <doctest/doctest.h>

#include "train/rank_trainers.h"

namespace revnet {
namespace {

using enum Config::Network::Engine;
using enum Config::BatchNorm::Statistics;

// A communicator whose sums take one rank longer than the other, as if that rank had come early.
class UnevenCommunicator final : public ThreadCommunicator {
 public:
  using ThreadCommunicator::ThreadCommunicator;
  std::unique_ptr<PendingSum> start_sum(std::span<float> values) override {
    ThreadCommunicator::start_sum(values);
    return std::make_unique<Slow>(std::chrono::milliseconds(rank() == 0 ? 20 : 2));
  }

 private:
  class Slow final : public PendingSum {
   public:
    explicit Slow(std::chrono::milliseconds time) : time_(time) {}
    bool done() override { return false; }
    void wait() override { std::this_thread::sleep_for(time_); }

   private:
    std::chrono::milliseconds time_;
  };
};

TEST_CASE("only the shortest wait of all ranks counts as exposed, as the rest is for slower ranks") {
  std::vector<ExchangeTimes> times(2);
  train_on_ranks<UnevenCommunicator>(2, shared_config(fused, local, 2), [&](Trainer& trainer) {
    for (int i = 0; i < 2; ++i) trainer.step();
    times[static_cast<std::size_t>(trainer.communicator().rank())] = trainer.exchange()->times();
  });
  CHECK(times[0].steps == 2);
  CHECK(times[0].exposed == times[1].exposed);
  CHECK(times[1].exposed == times[1].waiting);
  CHECK(times[0].exposed < times[0].waiting / 2);
  CHECK(times[0].waiting >= 2 * 0.02);
  CHECK(ExchangeTimes{.exposed = 1, .working = 1, .alone = 8}.hidden() == 0.75);
  CHECK(ExchangeTimes{.waiting = 9, .exposed = 9, .alone = 8}.hidden() == 0);
}

TEST_CASE("an exchange is over when its last sum ended, although nobody asks for a while") {
  std::vector<ExchangeTimes> times(2);
  train_on_ranks(2, shared_config(fused, local, 2), [&](Trainer& trainer) {
    GradientExchange exchange(trainer.communicator(), trainer.network(), 0.5);
    exchange.ready(0);  // sums of threads end at once
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(exchange.finish() == 0);
    times[static_cast<std::size_t>(trainer.communicator().rank())] = exchange.times();
  });
  for (const ExchangeTimes& of_rank : times) {
    CHECK(of_rank.in_flight > 0);
    CHECK(of_rank.in_flight < 0.3);
  }
}

}  // namespace
}  // namespace revnet
