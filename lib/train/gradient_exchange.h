// The gradients of a batch's shards, added up over all ranks while the backward pass still runs.
//
// Parameters are taken in the order in which their gradients become final, which is the same on all ranks,
// and packed into buckets; each bucket's sum starts when it is full, and makes progress whenever the backward
// pass comes by.
#pragma once

#include <memory>
#include <vector>

#include "net/network.h"
#include "train/communicator.h"

namespace revnet {

// What a number of steps spent on their exchange, in seconds of this rank.
struct ExchangeTimes {
  std::int64_t steps = 0;
  double in_flight = 0;  // from the first sum's start to the last one's end
  double waiting = 0;    // of that, when the backward pass had nothing left to hide it behind
  double exposed = 0;    // of that, what the last rank to come waited, too: the rest was for slower ranks
  double working = 0;    // packing, unpacking and driving the sums during the backward pass
  double alone = 0;      // the same exchange as often with nothing else going on, as measured once
  // The fraction of `alone` that did not lengthen the steps, from 0 to 1.
  double hidden() const;
};

class GradientExchange {
 public:
  // Refers to all three, which must outlive this. `weight`: of this rank's shard, as a fraction of the whole
  // batch; where each rank has batch statistics of its own, finish() leaves their weighted mean in the
  // norms, so that running averages stay equal everywhere.
  GradientExchange(Communicator& communicator, const Network& network, double weight);

  // Of a step: the gradients of parameters [first, ...) are final, as GradientsFinal has it. 0 is the last.
  void ready(std::size_t first);
  // Waits for all sums, for so many seconds: the parameters' gradients are those of the whole batch.
  double finish();
  // The least that any rank waited in the step that has just been finished.
  void set_exposed(double seconds) { times_.exposed += seconds; }

  // Exchanges what the gradients happen to be, a few times, to know how long that takes by itself. Overwrites
  // gradients and batch statistics.
  void measure_alone();
  const ExchangeTimes& times() const { return times_; }
  std::size_t bytes() const;
  // What a bucket holds at least, but for the last.
  static std::size_t bucket_bytes();

 private:
  struct Bucket {
    std::size_t first, last;  // parameters
    std::vector<float> values;
    std::unique_ptr<PendingSum> sum;  // null: not started, or ended
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
  const Network& network_;
  double weight_;
  std::vector<Bucket> buckets_;  // in the order in which they start
  Bucket statistics_{};          // empty where all ranks have the same
  bool under_way_ = false;
  std::size_t started_ = 0, ended_ = 0;  // buckets of this step
  Stopwatch since_start_;
  double working_ = 0;  // of this step
  double last_end_ = 0;
  double alone_ = 0;  // of one step
  ExchangeTimes times_;
};

}  // namespace revnet
