#include "study/exchange.h"

#include <algorithm>

#include "base/quantile.h"
#include "base/stopwatch.h"

namespace revnet {
namespace {

// The time of the slowest rank: a rank that only sends is done as soon as the system has taken its bytes.
double of_the_last(Communicator& communicator, double here) {
  std::vector<double> seconds(static_cast<std::size_t>(communicator.ranks()), 0);
  seconds[static_cast<std::size_t>(communicator.rank())] = here;
  communicator.sum(seconds);
  return std::ranges::max(seconds);
}

}  // namespace

std::vector<std::int64_t> exchange_sizes() {
  std::vector<std::int64_t> sizes;
  for (std::int64_t bytes = sizeof(float); bytes <= std::int64_t{4} << 20; bytes *= 4) sizes.push_back(bytes);
  return sizes;
}

std::vector<ExchangeTime> measure_exchange(Communicator& communicator, const std::vector<std::int64_t>& sizes,
                                           std::int64_t repetitions, const std::function<bool()>& stop) {
  std::vector<ExchangeTime> times;
  for (const std::int64_t bytes : sizes) {
    std::vector<float> values(static_cast<std::size_t>(bytes) / sizeof(float));
    ExchangeTime time{bytes, {}};
    communicator.start_sum(values)->wait();
    for (std::int64_t i = 0; i < repetitions; ++i) {
      communicator.any(false);
      const Stopwatch stopwatch;
      communicator.start_sum(values)->wait();
      time.seconds.push_back(of_the_last(communicator, stopwatch.seconds()));
    }
    times.push_back(std::move(time));
    if (communicator.any(stop())) break;
  }
  return times;
}

Table exchange_table(int ranks, const std::vector<ExchangeTime>& times) {
  Table table({"ranks", "bytes", "microseconds", "least", "most", "MB/s"});
  for (const ExchangeTime& time : times) {
    const double middle = median(time.seconds);
    const auto microseconds = [](double seconds) { return format_fixed(1e6 * seconds, 1); };
    table.add({std::to_string(ranks), std::to_string(time.bytes), microseconds(middle),
               microseconds(quantile(time.seconds, 0)), microseconds(quantile(time.seconds, 1)),
               format_fixed(1e-6 * static_cast<double>(time.bytes) / middle, 1)});
  }
  return table;
}

}  // namespace revnet
