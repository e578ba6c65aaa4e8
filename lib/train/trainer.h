// A network in training: one step after another, evaluation, and its whole state as a checkpoint.
//
// Of several ranks, each has a Trainer: it computes its shard of every batch and of the evaluation set, and
// all make the same steps. What is told of losses and gradients is of the whole batch. fetch_batch(), step(),
// evaluate(), compute_gradient(), broadcast_state() and check_equal() are calls that all ranks make.
//
// Ownership: owns device, network and data; borrows the communicator, which must outlive it. Knows no
// files and prints nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "data/batch_source.h"
#include "net/network.h"
#include "record/checkpoint.h"
#include "record/config.h"
#include "train/communicator.h"
#include "train/gradient_exchange.h"
#include "train/micro_batch_sum.h"
#include "train/schedule.h"
#include "train/sgd.h"

namespace revnet {

// Sees the logits of each evaluation batch, whose first labels.size() rows are of images.
using LogitsObserver = std::function<void(const Tensor& logits, std::span<const std::int32_t> labels)>;

class Trainer {
 public:
  // From a resolved configuration and its data (load_data.h); parameters are drawn from its seed.
  // `arena_bytes` as planned (memory_plan.h).
  Trainer(const Config& config, std::unique_ptr<BatchSource> data, std::size_t arena_bytes,
          Communicator& communicator);
  // Of one process.
  Trainer(const Config& config, std::unique_ptr<BatchSource> data, std::size_t arena_bytes);

  // Iterations done.
  std::int64_t iteration() const { return iteration_; }
  // Of the next step.
  double learning_rate() const { return schedule_.rate(iteration_); }

  // One iteration: batch, gradient, running averages, update. Returns the batch's loss before the update.
  // DivergedError when that loss or a batch statistic is not finite, with what was so first; an Error of exit
  // code damaged_image on all ranks when an image is. Parameters and iteration() are then as before.
  Loss step();
  // The loss of the batch fetched last, and its gradient, in every parameter. Of micro-batches, fetches all.
  Loss compute_gradient();
  // Overwrites images() and labels() with this rank's shard of the batch that comes `later` steps after this
  // one (0: with the next step's own), or with the first micro-batch of it. step() fetches its batch itself.
  void fetch_batch(std::int64_t later);
  // The batch or micro-batch fetched last, by whatever call.
  const Tensor& images() const { return images_; }
  std::span<const std::int32_t> labels() const { return labels_; }

  // The evaluation set, or `images` of it (0: all), with running statistics or recalibrated ones, as the
  // configuration has it. Does not change the training. None when `stop`, asked before each batch, says on
  // any rank that it is no longer wanted. `observe` sees the logits of this rank's shard.
  std::optional<Loss> evaluate(const std::function<bool()>& stop = {}, std::int64_t images = 0,
                               const LogitsObserver& observe = {});
  // The same of the average of the weights, where one is kept. No step has seen these weights, so they have
  // no running statistics: theirs are always measured.
  std::optional<Loss> evaluate_average(const std::function<bool()>& stop = {}, std::int64_t images = 0);
  bool averages_weights() const { return average_decay_ > 0; }
  // Which fraction of the running averages a step keeps.
  double running_decay() const { return running_decay_; }

  // Parameters, momentum, running averages and iteration; progress and config are the caller's to add.
  Checkpoint checkpoint();
  // The state a checkpoint holds. Error, opened by `origin`, when it is of another network.
  void restore(const Checkpoint& checkpoint, const std::string& origin);

  // The first rank's state becomes everybody's.
  void broadcast_state();
  // AgreedError when the ranks' states have come to differ in any bit.
  void check_equal();
  Communicator& communicator() { return communicator_; }
  // Null with one rank.
  GradientExchange* exchange() { return exchange_ ? &*exchange_ : nullptr; }
  const GradientExchange* exchange() const { return exchange_ ? &*exchange_ : nullptr; }

  // The largest magnitudes that residual functions wrote in the last step, of this rank's shard; empty
  // without exact coupling.
  const RangeWatch& range() const { return range_; }

  Device& device() { return device_; }
  const Device& device() const { return device_; }
  Network& network() { return *network_; }
  BatchSource& data() { return *data_; }
  const BatchSource& data() const { return *data_; }

 private:
  // One of the two is null.
  Trainer(const Config& config, std::unique_ptr<BatchSource> data, std::size_t arena_bytes,
          std::unique_ptr<Communicator> alone, Communicator* communicator);
  // Calls `read`, which reads images; a damaged one that only this rank needs stops all.
  template <class Read>
  void reading(const Read& read);
  std::int64_t micro_batches() const { return network_->options().micro_batches; }
  // Of the batch that fetch_batch() was called for, the micro-batch of this index.
  void fetch_micro_batch(std::int64_t index);
  std::optional<Loss> evaluate_set(const std::function<bool()>& stop, const LogitsObserver& observe);
  std::optional<Loss> evaluate_recalibrated(const std::function<bool()>& stop, const LogitsObserver& observe);
  std::optional<Loss> evaluate_shard(const std::function<bool()>& stop, const LogitsObserver& observe);
  // The sums over all ranks, also of `more`.
  Loss of_all_ranks(const Loss& mine, std::span<double> more = {});

  std::unique_ptr<Communicator> alone_;  // null where a communicator was given
  Communicator& communicator_;
  std::unique_ptr<BatchSource> data_;
  std::int64_t batch_;                    // of all ranks
  Shard shard_;                           // of it
  double running_decay_, average_decay_;  // a step
  bool recalibrates_;
  std::int64_t recalibration_batches_;
  Device device_;
  RangeWatch range_;
  std::optional<Network> network_;
  Schedule schedule_;
  std::optional<MicroBatchSum> sum_;  // none where the shard is computed at once
  std::optional<GradientExchange> exchange_;
  std::optional<Sgd> sgd_;
  Tensor images_;
  std::vector<std::int32_t> labels_;
  std::int64_t position_ = 0, fetched_ = 0;  // of the batch fetched last, and the micro-batch of it
  std::int64_t iteration_ = 0;
};

}  // namespace revnet
