// Runs many small tasks on a few threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

#include "system/host.h"

namespace revnet {

// Calls task(i) for each i below count, in any order, and waits for all. Rethrows what one of the tasks has
// thrown; those that had not begun are left out then.
template <class Task>
void each_in_parallel(std::size_t count, std::size_t threads, const Task& task) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;  // written by the first that sets `failed`
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        run_on_usable_cores();
        try {
          for (std::size_t i = next++; i < count && !failed; i = next++) task(i);
        } catch (...) {
          if (!failed.exchange(true)) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace revnet
