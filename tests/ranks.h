// Ranks as threads of one process, to split a batch without MPI.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace revnet::testing {

// Where threads meet to add up their values. Once one has left by an exception, the others no longer wait for
// it.
class MeetingPlace {
 public:
  explicit MeetingPlace(int ranks) : here_(static_cast<std::size_t>(ranks)) {}

  int ranks() const { return static_cast<int>(here_.size()); }

  // Replaces the values by the sum over all ranks, added in the order of ranks.
  template <class T>
  void sum(int rank, std::span<T> values) {
    here_[static_cast<std::size_t>(rank)] = values.data();
    meet();
    std::vector<T> total(values.size(), T(0));
    for (const void* other : here_) {
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += static_cast<const T*>(other)[i];
    }
    meet();
    std::copy(total.begin(), total.end(), values.begin());
  }

  // Calls look(rank, data) for every rank's data.
  void show(int rank, const void* data, const std::function<void(int, const void*)>& look) {
    here_[static_cast<std::size_t>(rank)] = data;
    meet();
    for (int i = 0; i < ranks(); ++i) look(i, here_[static_cast<std::size_t>(i)]);
    meet();
  }

  // Announces that this rank will not come again.
  void leave() {
    const std::scoped_lock lock(mutex_);
    left_ = true;
    changed_.notify_all();
  }

 private:
  void meet() {
    std::unique_lock lock(mutex_);
    const int meeting = meetings_;
    if (++arrived_ == ranks()) {
      arrived_ = 0;
      ++meetings_;
      changed_.notify_all();
      return;
    }
    changed_.wait(lock, [&] { return meetings_ != meeting || left_; });
    if (meetings_ == meeting) throw std::runtime_error("another rank has failed");
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0, meetings_ = 0;
  bool left_ = false;
  std::vector<const void*> here_;
};

// Runs body(rank) on one thread per rank and rethrows the first exception thrown.
inline void on_ranks(MeetingPlace& place, const std::function<void(int rank)>& body) {
  std::mutex mutex;
  std::exception_ptr failure;
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < place.ranks(); ++rank) {
      threads.emplace_back([&, rank] {
        try {
          body(rank);
        } catch (...) {
          {
            const std::scoped_lock lock(mutex);
            if (!failure) failure = std::current_exception();
          }
          place.leave();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace revnet::testing
