#include "train/gradient_exchange.h"

#include <algorithm>
#include <limits>

#include "train/network_statistics.h"

namespace revnet {
namespace {

// A small bucket starts early and leaves little for the last one, which nothing hides; a large one makes
// latency negligible. This size does both.
constexpr std::size_t bucket_floats = (std::size_t{256} << 10) / sizeof(float);
constexpr int measurements_alone = 3;

}  // namespace

double ExchangeTimes::hidden() const {
  if (alone <= 0) return 0;
  return std::clamp(1 - (exposed + working) / alone, 0.0, 1.0);
}

GradientExchange::GradientExchange(Communicator& communicator, Network& network, double weight,
                                   const MicroBatchSum* micro_batches)
    : communicator_(communicator), network_(network), weight_(weight), micro_batches_(micro_batches) {
  make_buckets();
  if (!shares_statistics()) statistics_.values.resize(statistics_count(network_));
}

bool GradientExchange::shares_statistics() const {
  return network_.options().reduction != nullptr;
}

void GradientExchange::make_buckets() {
  const auto& parameters = network_.parameters();
  std::size_t floats = 0;
  for (std::size_t last = parameters.size(), first = last; first-- > 0;) {
    floats += parameters[first]->gradient.values().size();
    if (floats < bucket_floats && first > 0) continue;
    buckets_.push_back({first, last, std::vector<float>(floats), nullptr});
    last = first;
    floats = 0;
  }
}

std::size_t GradientExchange::bucket_bytes() {
  return bucket_floats * sizeof(float);
}

std::size_t GradientExchange::bytes() const {
  std::size_t floats = statistics_.values.size();
  for (const Bucket& bucket : buckets_) floats += bucket.values.size();
  return floats * sizeof(float);
}

void GradientExchange::ready(std::size_t first) {
  const Stopwatch working;
  if (!under_way_) {
    under_way_ = true;
    since_start_.restart();
    working_ = 0;
    if (!shares_statistics()) start_statistics();
  }
  while (started_ < buckets_.size() && buckets_[started_].first >= first) start(buckets_[started_++]);
  make_progress();
  working_ += working.seconds();
}

void GradientExchange::start(Bucket& bucket) {
  auto at = bucket.values.begin();
  for (std::size_t i = bucket.first; i < bucket.last; ++i) {
    at = std::ranges::copy(network_.parameters()[i]->gradient.values(), at).out;
  }
  bucket.sum = communicator_.start_sum(bucket.values);
}

void GradientExchange::start_statistics() {
  each_statistic(network_, &Norm::batch, [&](float value, std::size_t place) {
    const double mine = micro_batches_ ? micro_batches_->mean_statistic(place, value) : value;
    statistics_.values[place] = static_cast<float>(weight_ * mine);
  });
  statistics_.sum = communicator_.start_sum(statistics_.values);
}

void GradientExchange::make_progress() {
  for (; ended_ < started_ && buckets_[ended_].sum->done(); ++ended_) last_end_ = since_start_.seconds();
}

bool GradientExchange::all_ended() const {
  return ended_ == started_ && (!statistics_.sum || statistics_.sum->done());
}

double GradientExchange::wait_for_all() {
  const Stopwatch waiting;
  for (; ended_ < started_; ++ended_) buckets_[ended_].sum->wait();
  if (statistics_.sum) statistics_.sum->wait();
  last_end_ = since_start_.seconds();
  return waiting.seconds();
}

double GradientExchange::finish() {
  // Without anything to wait for, the last sum ended when the backward pass came by.
  const double waited = all_ended() ? 0 : wait_for_all();
  const Stopwatch unpacking;
  for (Bucket& bucket : buckets_) {
    bucket.sum.reset();
    auto from = bucket.values.begin();
    for (std::size_t i = bucket.first; i < bucket.last; ++i) {
      const std::span<float> to = network_.parameters()[i]->gradient.values();
      std::copy_n(from, to.size(), to.begin());
      from += static_cast<std::ptrdiff_t>(to.size());
    }
  }
  if (statistics_.sum) finish_statistics();
  under_way_ = false;
  started_ = ended_ = 0;
  ++times_.steps;
  times_.in_flight += last_end_;
  times_.waiting += waited;
  times_.working += working_ + unpacking.seconds();
  times_.alone += alone_;
  return waited;
}

void GradientExchange::finish_statistics() {
  statistics_.sum.reset();
  each_statistic(network_, &Norm::batch,
                 [&](float& value, std::size_t place) { value = statistics_.values[place]; });
}

void GradientExchange::measure_alone() {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < measurements_alone; ++i) {
    communicator_.any(false);  // a barrier: all ranks start at once
    const Stopwatch stopwatch;
    ready(0);
    finish();
    least = std::min(least, stopwatch.seconds());
  }
  times_ = {};
  alone_ = least;
}

}  // namespace revnet
