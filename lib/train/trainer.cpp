#include "train/trainer.h"

#include "base/error.h"
#include "data/mean_image.h"
#include "train/divergence.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet {

Trainer::Trainer(const Config& config, Splits splits, std::size_t arena_bytes)
    : splits_(std::move(splits)),
      batch_(config.training.batch),
      running_decay_(config.batch_norm.decay),
      device_(config.training.threads, arena_bytes),
      schedule_(schedule(config)),
      labels_(static_cast<std::size_t>(batch_)) {
  network_.emplace(device_, find_architecture(config.network.architecture), network_options(config));
  network_->initialize(config.training.seed);
  sgd_.emplace(network_->parameters(), config.training.momentum, config.training.weight_decay);
  const std::vector<float> mean = mean_image(splits_.train);
  training_.emplace(splits_.train, mean, config.training.seed, augmentation(config));
  evaluation_.emplace(splits_.test, mean);
  images_ = network_->make_images();
}

void Trainer::fetch_batch(std::int64_t later) {
  device_.perform({Operation::input, 0, 0, static_cast<double>(images_.bytes())},
                  [&] { training_->fill((iteration_ + later) * batch_, images_.values(), labels_); });
}

Loss Trainer::step() {
  fetch_batch(0);
  const Loss loss = network_->compute_gradient(images_, labels_);
  if (!is_finite(*network_, loss)) {
    throw DivergedError("diverged in iteration " + std::to_string(iteration_ + 1) + ": first " +
                        first_not_finite(*network_) +
                        " is not finite; use a smaller learning rate (training.learning_rate)");
  }
  network_->commit_statistics(running_decay_);
  sgd_->step(device_, learning_rate());
  network_->parameters_changed();
  ++iteration_;
  return loss;
}

Loss Trainer::evaluate() {
  Loss total;
  const auto batch = static_cast<std::size_t>(batch_);
  for (std::size_t first = 0; first < splits_.test.size(); first += batch) {
    const std::size_t real = evaluation_->fill(first, images_.values(), labels_);
    total += network_->evaluate(images_, std::span(labels_).first(real));
  }
  return total;
}

Checkpoint Trainer::checkpoint() {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration_;
  checkpoint.parameters = export_values(device_, *network_);
  checkpoint.momentum = export_momentum(device_, *network_);
  checkpoint.running = export_running(*network_);
  return checkpoint;
}

void Trainer::restore(const Checkpoint& checkpoint, const std::string& origin) {
  import_state(device_, *network_, checkpoint, origin);
  iteration_ = checkpoint.iteration;
}

}  // namespace revnet
