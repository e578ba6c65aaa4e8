// Sums the gradients of a batch's shards over all ranks while the backward pass is still running.
//
// Gradients are packed into buckets in the order in which they become final, which is the same on all ranks.
// The all-reduce of a bucket starts when the bucket is full, and advances at every call of ready().
#pragma once

#include <memory>
#include <vector>

#include "net/network.h"
#include "ranks/communicator.h"
#include "train/micro_batch_sum.h"

namespace revnet {

// The time that this rank has spent on exchanging gradients, in seconds, over a number of steps.
struct ExchangeTimes {
  std::int64_t steps = 0;
  double in_flight = 0;  // from the start of the first sum to the end of the last
  double waiting = 0;    // the part of in_flight after the backward pass, which nothing hides
  double exposed = 0;  // the part of waiting that the slowest rank had too; the rest is waiting for that rank
  double working = 0;  // packing, unpacking and driving the sums during the backward pass
  double alone = 0;    // as many exchanges with nothing else running, from one measurement
  // The fraction of `alone`, from 0 to 1, that did not lengthen the steps.
  double hidden() const;
};

class GradientExchange {
 public:
  // All arguments must outlive this object. `weight` is this rank's shard as a fraction of the whole batch.
  // If each rank has batch statistics of its own, finish() leaves their weighted mean in the norms, so that
  // running averages stay equal on all ranks. `micro_batches` is null if the shard is computed at once;
  // otherwise, their sums are exchanged during the backward pass of the last one.
  GradientExchange(Communicator& communicator, Network& network, double weight,
                   const MicroBatchSum* micro_batches = nullptr);

  // Called during backward once the gradients of parameters [first, ...) are final (see GradientsFinal); the
  // last call of a step passes 0.
  void ready(std::size_t first);
  // Waits until all sums are complete, and returns the seconds that took. The parameters' gradients are then
  // those of the whole batch.
  double finish();
  // Adds the shortest wait of any rank in the step that has just finished.
  void set_exposed(double seconds) { times_.exposed += seconds; }

  // Times the exchange on its own by repeating it a few times. Overwrites gradients and batch statistics.
  void measure_alone();
  const ExchangeTimes& times() const { return times_; }
  std::size_t bytes() const;
  // The least size of every bucket but the last.
  static std::size_t bucket_bytes();

 private:
  struct Bucket {
    std::size_t first, last;  // parameters
    std::vector<float> values;
    std::unique_ptr<PendingSum> sum;  // null before the sum starts and after it ends
  };

  void make_buckets();
  void start(Bucket& bucket);
  void start_statistics();
  void finish_statistics();
  void make_progress();
  bool all_ended() const;
  // Returns how many seconds it took.
  double wait_for_all();
  bool shares_statistics() const;

  Communicator& communicator_;
  Network& network_;
  double weight_;
  const MicroBatchSum* micro_batches_;
  std::vector<Bucket> buckets_;  // in the order in which they start
  Bucket statistics_{};          // empty if all ranks share their batch statistics
  bool under_way_ = false;
  std::size_t started_ = 0, ended_ = 0;  // buckets of this step
  Stopwatch since_start_;
  double working_ = 0;  // of this step
  double last_end_ = 0;
  double alone_ = 0;  // seconds of one exchange
  ExchangeTimes times_;
};

}  // namespace revnet
