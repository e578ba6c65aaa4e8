// A communicator whose ranks are threads.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "ranks.h"
#include "ranks/communicator.h"

namespace revnet {

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(testing::MeetingPlace& place, int rank) : place_(place), rank_(rank) {}

  int rank() const override { return rank_; }
  int ranks() const override { return place_.ranks(); }
  void sum(std::span<double> values) override { place_.sum(rank_, values); }
  std::unique_ptr<PendingSum> start_sum(std::span<float> values) override {
    place_.sum(rank_, values);
    return std::make_unique<Ended>();
  }
  void broadcast(std::span<std::byte> bytes) override {
    const auto take = [&](int rank, const void* data) {
      if (rank == 0 && rank_ != 0)
        std::copy_n(static_cast<const std::byte*>(data), bytes.size(), bytes.data());
    };
    place_.show(rank_, bytes.data(), take);
  }
  std::vector<std::string> gather(const std::string& text) override {
    std::vector<std::string> all;
    place_.show(rank_, &text,
                [&](int, const void* data) { all.push_back(*static_cast<const std::string*>(data)); });
    return all;
  }
  void set_timeout(double /*seconds*/) override {}
  void abort(ExitCode /*code*/) override { throw std::logic_error("a rank gave up"); }
  void finish() override {}

 private:
  struct Ended final : PendingSum {
    bool done() override { return true; }
    void wait() override {}
  };

  testing::MeetingPlace& place_;
  int rank_;
};

}  // namespace revnet
