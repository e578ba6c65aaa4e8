#include "train/trainer.h"

#include <algorithm>

#include "base/error.h"
#include "data/mean_image.h"
#include "train/agreement.h"
#include "train/divergence.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet {

Trainer::Trainer(const Config& config, Splits splits, std::size_t arena_bytes)
    : Trainer(config, std::move(splits), arena_bytes, make_single_process(), nullptr) {}

Trainer::Trainer(const Config& config, Splits splits, std::size_t arena_bytes, Communicator& communicator)
    : Trainer(config, std::move(splits), arena_bytes, nullptr, &communicator) {}

Trainer::Trainer(const Config& config, Splits splits, std::size_t arena_bytes,
                 std::unique_ptr<Communicator> alone, Communicator* communicator)
    : alone_(std::move(alone)),
      communicator_(alone_ ? *alone_ : *communicator),
      splits_(std::move(splits)),
      batch_(config.training.batch),
      shard_(communicator_.shard(batch_)),
      running_decay_(config.batch_norm.decay),
      device_(config.training.threads, arena_bytes),
      schedule_(schedule(config)),
      labels_(static_cast<std::size_t>(shard_.size)) {
  NetworkOptions options = network_options(config, communicator_);
  if (options.grid) options.range = &range_;
  network_.emplace(device_, architecture(config), options);
  network_->initialize(config.training.seed);
  if (communicator_.ranks() > 1) {
    exchange_.emplace(communicator_, *network_,
                      static_cast<double>(shard_.size) / static_cast<double>(batch_));
  }
  sgd_.emplace(network_->parameters(), config.training.momentum, config.training.weight_decay);
  const std::vector<float> mean = mean_image(splits_.train);
  training_.emplace(splits_.train, mean, config.training.seed, augmentation(config));
  evaluation_.emplace(splits_.test, mean);
  images_ = network_->make_images();
}

void Trainer::fetch_batch(std::int64_t later) {
  device_.perform({Operation::input, 0, 0, static_cast<double>(images_.bytes())}, [&] {
    training_->fill((iteration_ + later) * batch_ + shard_.first, images_.values(), labels_);
  });
}

Loss Trainer::of_all_ranks(const Loss& mine, std::span<double> more) {
  std::vector<double> sums{mine.cross_entropy, static_cast<double>(mine.errors),
                           static_cast<double>(mine.images)};
  sums.insert(sums.end(), more.begin(), more.end());
  communicator_.sum(sums);
  std::copy(sums.begin() + 3, sums.end(), more.begin());
  return {sums[0], static_cast<std::int64_t>(sums[1]), static_cast<std::int64_t>(sums[2])};
}

Loss Trainer::compute_gradient() {
  if (!exchange_) return network_->compute_gradient(images_, labels_);
  const Loss mine =
      network_->compute_gradient(images_, labels_, [this](std::size_t first) { exchange_->ready(first); });
  // What each rank waited travels with the loss, a place for each.
  std::vector<double> waited(static_cast<std::size_t>(communicator_.ranks()), 0);
  waited[static_cast<std::size_t>(communicator_.rank())] = exchange_->finish();
  const Loss loss = of_all_ranks(mine, waited);
  exchange_->set_exposed(std::ranges::min(waited));
  return loss;
}

Loss Trainer::step() {
  fetch_batch(0);
  range_.reset();
  const Loss loss = compute_gradient();
  if (!is_finite(*network_, loss)) {
    throw DivergedError(
        "diverged in iteration {}: first {} is not finite; use a smaller learning rate "
        "(training.learning_rate)",
        iteration_ + 1, first_not_finite(*network_));
  }
  network_->commit_statistics(running_decay_);
  sgd_->step(device_, learning_rate());
  network_->parameters_changed();
  ++iteration_;
  return loss;
}

std::optional<Loss> Trainer::evaluate(const std::function<bool()>& stop) {
  Loss total;
  bool stopped = false;
  const Shard mine = communicator_.shard(static_cast<std::int64_t>(splits_.test.size()));
  for (std::int64_t done = 0; done < mine.size; done += shard_.size) {
    stopped = stop && stop();
    if (stopped) break;
    evaluation_->fill(static_cast<std::size_t>(mine.first + done), images_.values(), labels_);
    const auto real = static_cast<std::size_t>(std::min(mine.size - done, shard_.size));
    total += network_->evaluate(images_, std::span(labels_).first(real));
  }
  if (communicator_.any(stopped)) return {};
  return of_all_ranks(total);
}

void Trainer::broadcast_state() {
  iteration_ = static_cast<std::int64_t>(communicator_.of_first(static_cast<double>(iteration_)));
  revnet::broadcast_state(communicator_, *network_);
}

void Trainer::check_equal() {
  check_equal_state(communicator_, *network_);
}

Checkpoint Trainer::checkpoint() {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration_;
  checkpoint.parameters = export_values(*network_);
  checkpoint.momentum = export_momentum(*network_);
  checkpoint.running = export_running(*network_);
  return checkpoint;
}

void Trainer::restore(const Checkpoint& checkpoint, const std::string& origin) {
  import_state(*network_, checkpoint, origin);
  iteration_ = checkpoint.iteration;
}

}  // namespace revnet
