#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/error.h"
#include "train/agreement.h"
#include "train/divergence.h"
#include "train/network_state.h"
#include "train/recalibration.h"
#include "train/setup.h"
#include "train/weight_average.h"

namespace revnet {

Trainer::Trainer(const Config& config, std::unique_ptr<BatchSource> data, std::size_t arena_bytes,
                 Communicator& communicator)
    : communicator_(communicator),
      data_(std::move(data)),
      batch_(config.training.batch),
      shard_(communicator_.shard(batch_)),
      running_decay_(config.batch_norm.decay),
      average_decay_(config.training.average_decay),
      recalibrates_(config.batch_norm.evaluation == Config::BatchNorm::Evaluation::recalibrated),
      recalibration_batches_(config.batch_norm.recalibration_batches),
      device_(config.training.threads, arena_bytes),
      schedule_(config.training) {
  NetworkOptions options = network_options(config, communicator_);
  if (options.grid) options.range = &range_;
  network_.emplace(device_, architecture(config), options);
  network_->initialize(config.training.seed);
  labels_.resize(static_cast<std::size_t>(options.batch));
  if (micro_batches() > 1) {
    sum_.emplace(device_, *network_, micro_batches(), running_decay_);
    running_decay_ = std::pow(running_decay_, static_cast<double>(micro_batches()));
  }
  if (communicator_.ranks() > 1) {
    exchange_.emplace(communicator_, *network_,
                      static_cast<double>(shard_.size) / static_cast<double>(batch_),
                      sum_ ? &*sum_ : nullptr);
  }
  sgd_.emplace(network_->parameters(), config.training.momentum, config.training.weight_decay,
               config.training.nesterov);
  images_ = network_->make_images();
}

template <class Read>
void Trainer::reading(const Read& read) {
  if (data_->may_be_damaged()) {
    communicator_.together(read);
  } else {
    read();
  }
}

void Trainer::fetch_batch(std::int64_t later) {
  position_ = (iteration_ + later) * batch_ + shard_.first;
  fetch_micro_batch(0);
}

void Trainer::fetch_micro_batch(std::int64_t index) {
  const auto size = static_cast<std::int64_t>(labels_.size());
  const std::int64_t first = position_ + index * size;
  const std::int64_t next = index + 1 < micro_batches() ? first + size : position_ + batch_;
  device_.perform({Operation::input, 0, 0, static_cast<double>(images_.bytes())},
                  [&] { reading([&] { data_->fill_training(first, next, images_.values(), labels_); }); });
  fetched_ = index;
}

Loss Trainer::of_all_ranks(const Loss& mine, std::span<double> more) {
  std::vector<double> sums{mine.cross_entropy, static_cast<double>(mine.errors),
                           static_cast<double>(mine.images)};
  sums.insert(sums.end(), more.begin(), more.end());
  communicator_.sum(sums);
  std::copy(sums.begin() + 3, sums.end(), more.begin());
  return {sums[0], static_cast<std::int64_t>(sums[1]), static_cast<std::int64_t>(sums[2])};
}

// With micro-batches and ranks, the order of the calls matters. During the last backward pass, gradients
// become those of all micro-batches and are then sent to the other ranks. The exchange, too, reads the
// statistics of the last micro-batch from the norms, which complete_statistics() therefore overwrites only
// afterwards; and finish() overwrites them once more with those of all ranks.
Loss Trainer::compute_gradient() {
  if (fetched_ < 0) throw std::logic_error("no batch has been fetched since the last evaluation");
  Loss mine;
  for (std::int64_t index = 0; index + 1 < micro_batches(); ++index) {
    if (index != fetched_) fetch_micro_batch(index);
    mine += network_->compute_gradient(images_, labels_);
    sum_->add(index);
  }
  if (sum_) fetch_micro_batch(micro_batches() - 1);
  mine += network_->compute_gradient(images_, labels_, [this](std::size_t first) {
    if (sum_) sum_->complete_gradients(first);
    if (exchange_) exchange_->ready(first);
  });
  if (sum_) sum_->complete_statistics();
  if (!exchange_) return mine;
  return gathered(mine, exchange_->finish());
}

// The sum of the losses also carries the time that each rank waited and the largest magnitudes that it saw,
// in entries of its own.
Loss Trainer::gathered(const Loss& mine, double waited) {
  const auto ranks = static_cast<std::size_t>(communicator_.ranks());
  std::vector<double> entries(ranks * (1 + range_.largest().size()), 0);
  std::size_t at = static_cast<std::size_t>(communicator_.rank());
  entries[at] = waited;
  for (const auto& [function, largest] : range_.largest()) entries[at += ranks] = largest;
  const Loss loss = of_all_ranks(mine, entries);
  std::span<const double> left = entries;
  exchange_->set_exposed(std::ranges::min(left.first(ranks)));
  for (const auto& [function, largest] : range_.largest()) {
    left = left.subspan(ranks);
    range_.saw(function, static_cast<float>(std::ranges::max(left.first(ranks))));
  }
  return loss;
}

Loss Trainer::step() {
  fetch_batch(0);
  range_.reset();
  const Loss loss = compute_gradient();
  if (!is_finite(*network_, loss)) {
    throw DivergedError("diverged in iteration {}: first {} is not finite; {}", iteration_ + 1,
                        first_not_finite(*network_), divergence_remedy);
  }
  network_->commit_statistics(running_decay_);
  sgd_->step(device_, learning_rate());
  network_->parameters_changed();
  ++iteration_;
  if (averages_weights()) update_average(device_, *network_, average_decay(average_decay_, iteration_));
  return loss;
}

std::optional<Loss> Trainer::evaluate_shard(const std::function<bool()>& stop,
                                            const LogitsObserver& observe) {
  fetched_ = -1;
  Loss total;
  const Shard mine = communicator_.shard(static_cast<std::int64_t>(data_->evaluation_size()));
  const std::int64_t end = mine.first + mine.size;
  for (std::int64_t first = mine.first; first < end; first += static_cast<std::int64_t>(labels_.size())) {
    if (stop && stop()) return {};
    communicator_.stay_in_touch();
    const std::size_t real = data_->fill_evaluation(static_cast<std::size_t>(first),
                                                    static_cast<std::size_t>(end), images_.values(), labels_);
    if (real == 0) continue;
    const std::span<const std::int32_t> labels = std::span(labels_).first(real);
    const Tensor logits = network_->logits(images_, Pass::inference);
    total += softmax_cross_entropy(logits, labels);
    if (observe) observe(logits, labels);
  }
  return total;
}

std::optional<Loss> Trainer::evaluate_set(const std::function<bool()>& stop, const LogitsObserver& observe) {
  std::optional<Loss> mine;
  reading([&] { mine = evaluate_shard(stop, observe); });
  if (communicator_.any(!mine)) return {};
  const Loss loss = of_all_ranks(*mine);
  if (loss.images == 0) {
    throw AgreedError("there is no image to evaluate on: every one of them is damaged", ExitCode::failed);
  }
  return loss;
}

std::optional<Loss> Trainer::evaluate_recalibrated(const std::function<bool()>& stop,
                                                   const LogitsObserver& observe) {
  Recalibration statistics(*network_, communicator_,
                           static_cast<double>(shard_.size) / static_cast<double>(batch_));
  for (std::int64_t coming = 0; coming < recalibration_batches_; ++coming) {
    if (communicator_.any(stop && stop())) return {};
    fetch_batch(coming);
    statistics.add(images_);
    for (std::int64_t index = 1; index < micro_batches(); ++index) {
      fetch_micro_batch(index);
      statistics.add(images_);
    }
  }
  statistics.use();
  return evaluate_set(stop, observe);
}

std::optional<Loss> Trainer::evaluate(const std::function<bool()>& stop, std::int64_t images,
                                      const LogitsObserver& observe) {
  data_->limit_evaluation(static_cast<std::size_t>(images));
  return recalibrates_ ? evaluate_recalibrated(stop, observe) : evaluate_set(stop, observe);
}

std::optional<Loss> Trainer::evaluate_average(const std::function<bool()>& stop, std::int64_t images) {
  data_->limit_evaluation(static_cast<std::size_t>(images));
  const AveragedWeights averaged(*network_);
  return evaluate_recalibrated(stop, {});
}

void Trainer::broadcast_state() {
  iteration_ = static_cast<std::int64_t>(communicator_.of_first(static_cast<double>(iteration_)));
  revnet::broadcast_state(communicator_, *network_);
}

void Trainer::check_equal() {
  check_equal_state(communicator_, *network_);
}

Checkpoint Trainer::checkpoint() {
  Checkpoint checkpoint = export_state(*network_);
  checkpoint.iteration = iteration_;
  return checkpoint;
}

void Trainer::restore(const Checkpoint& checkpoint, const std::string& origin) {
  import_state(*network_, checkpoint, origin);
  iteration_ = checkpoint.iteration;
}

}  // namespace revnet
