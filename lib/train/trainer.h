// A network in training: its steps, its evaluation, and its state as a checkpoint.
//
// With several ranks, each has a Trainer, which computes its shard of every batch and of the evaluation set;
// all take the same steps. Losses and gradients always refer to the whole batch. fetch_batch(), step(),
// evaluate(), evaluate_average(), compute_gradient(), broadcast_state() and check_equal() must be called on
// all ranks.
//
// Ownership: owns device, network and data; borrows the communicator, which must outlive it. Accesses no
// files but those of the data, and prints nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "data/batch_source.h"
#include "net/network.h"
#include "ranks/communicator.h"
#include "record/checkpoint.h"
#include "settings/config.h"
#include "train/gradient_exchange.h"
#include "train/micro_batch_sum.h"
#include "train/schedule.h"
#include "train/sgd.h"

namespace revnet {

// Called with the logits of each evaluation batch; only the first labels.size() rows belong to images.
using LogitsObserver = std::function<void(const Tensor& logits, std::span<const std::int32_t> labels)>;

class Trainer {
 public:
  // Takes a resolved configuration and its data (load_data.h), and draws the parameters from its seed.
  // `arena_bytes` comes from the plan (memory_plan.h).
  Trainer(const Config& config, std::unique_ptr<BatchSource> data, std::size_t arena_bytes,
          Communicator& communicator = single_process());

  // The number of completed iterations.
  std::int64_t iteration() const { return iteration_; }
  // The learning rate of the next step.
  double learning_rate() const { return schedule_.rate(iteration_); }

  // Performs one iteration: batch, gradient, running averages, update. Returns the batch's loss before the
  // update. Throws DivergedError, naming the first value that is not finite, if the loss or a batch statistic
  // is not; throws an Error with exit code damaged_image on all ranks if an image is damaged. Parameters and
  // iteration() are then unchanged.
  Loss step();
  // Computes the loss of the batch fetched last, and overwrites every parameter's gradient. Fetches the
  // micro-batches of that batch, if it has any. Throws a logic_error unless fetch_batch() came after the last
  // evaluation.
  Loss compute_gradient();
  // Overwrites images() and labels() with this rank's shard of the batch that comes `later` steps after the
  // next one, or with its first micro-batch. step() fetches its batch itself.
  void fetch_batch(std::int64_t later);
  // The batch or micro-batch fetched last, until an evaluation overwrites it.
  const Tensor& images() const { return images_; }
  std::span<const std::int32_t> labels() const { return labels_; }

  // Evaluates the evaluation set, or `images` of it (0: all), with running or recalibrated statistics as
  // configured. Does not affect the training. Calls `stop` before each batch, and returns nothing once it is
  // true on any rank. `observe` receives the logits of this rank's shard. Throws DamagedImage, or AgreedError
  // with several ranks, if an image is damaged and may not be skipped, and AgreedError if no image is left.
  std::optional<Loss> evaluate(const std::function<bool()>& stop = {}, std::int64_t images = 0,
                               const LogitsObserver& observe = {});
  // Evaluates the average of the weights, if one is kept. No step has used these weights, so they have no
  // running averages, and their statistics are always recalibrated.
  std::optional<Loss> evaluate_average(const std::function<bool()>& stop = {}, std::int64_t images = 0);
  bool averages_weights() const { return average_decay_ > 0; }
  // Which fraction of the running averages a step keeps.
  double running_decay() const { return running_decay_; }

  // Returns the trainer's whole state. The caller adds progress and config.
  Checkpoint checkpoint();
  // Restores the state in a checkpoint. Throws an Error that begins with `origin` if it does not fit.
  void restore(const Checkpoint& checkpoint, const std::string& origin);

  // Overwrites the state of every rank with that of rank 0.
  void broadcast_state();
  // Throws AgreedError if the ranks' states differ in any bit.
  void check_equal();
  Communicator& communicator() { return communicator_; }
  // Null if there is only one rank.
  GradientExchange* exchange() { return exchange_ ? &*exchange_ : nullptr; }
  const GradientExchange* exchange() const { return exchange_ ? &*exchange_ : nullptr; }

  // The largest magnitudes that residual functions wrote since the last step began, on any rank; empty
  // without exact coupling. Ask right after a step: recalibration and measurements of the angle count as
  // well.
  const RangeWatch& range() const { return range_; }

  Device& device() { return device_; }
  const Device& device() const { return device_; }
  Network& network() { return *network_; }
  BatchSource& data() { return *data_; }

 private:
  // Calls `read`, which reads images; a damaged image that only this rank needs stops all ranks.
  template <class Read>
  void reading(const Read& read);
  std::int64_t micro_batches() const { return network_->options().micro_batches; }
  // Fetches this micro-batch of the batch that fetch_batch() was called for.
  void fetch_micro_batch(std::int64_t index);
  std::optional<Loss> evaluate_set(const std::function<bool()>& stop, const LogitsObserver& observe);
  std::optional<Loss> evaluate_recalibrated(const std::function<bool()>& stop, const LogitsObserver& observe);
  std::optional<Loss> evaluate_shard(const std::function<bool()>& stop, const LogitsObserver& observe);
  // The loss of all ranks. Also tells exchange_ and range_ of the other ranks.
  Loss gathered(const Loss& mine, double waited);
  // Sums a loss over all ranks, and the values of `more` in place.
  Loss of_all_ranks(const Loss& mine, std::span<double> more = {});

  Communicator& communicator_;
  std::unique_ptr<BatchSource> data_;
  std::int64_t batch_;                    // images of all ranks
  Shard shard_;                           // this rank's part of the batch
  double running_decay_, average_decay_;  // per step
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
  std::int64_t position_ = 0;  // of the batch fetched last
  std::int64_t fetched_ = -1;  // which of its micro-batches images_ holds; -1: none of them
  std::int64_t iteration_ = 0;
};

}  // namespace revnet
