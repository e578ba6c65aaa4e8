#include "net/network.h"

#include <fmt/format.h>

namespace revnet {
namespace {

// Returns the options if the architecture supports them; throws UsageError otherwise.
const NetworkOptions& checked(const Architecture& architecture, const NetworkOptions& options) {
  require_can_keep(architecture, options.activations);
  check_possible(architecture, options.image_size);
  return options;
}

}  // namespace

Network::Network(Device& device, const Architecture& architecture, const NetworkOptions& options)
    : device_(device),
      architecture_(architecture),
      options_(checked(architecture, options)),
      stem_(device, architecture, options.image_size, options),
      head_(device, architecture, architecture.final_size(options.image_size), options.classes, options) {
  build_units();
  stem_.list(layers_);
  for (std::size_t i = 0; i < units_.size(); ++i) {
    first_parameter_.push_back(layers_.parameters.size());
    units_[i].list(layers_);
  }
  first_parameter_.push_back(layers_.parameters.size());
  head_.list(layers_);
  for (Norm* norm : layers_.norms) norm->reset_statistics();
  if (options.average_weights) {
    for (Parameter* parameter : layers_.parameters) parameter->keep_average();
  }
  keeper_ = make_activation_keeper(options.activations, units_);
}

void Network::build_units() {
  std::int64_t in = architecture_.stem.width, size = architecture_.stem_size(options_.image_size);
  for (std::size_t s = 0; s < architecture_.stages.size(); ++s) {
    const Architecture::Stage& stage = architecture_.stages[s];
    for (std::int64_t i = 0; i < stage.units; ++i) {
      const UnitShape shape{.in = in,
                            .out = architecture_.out_width(stage),
                            .height = size,
                            .width = size,
                            .stride = i == 0 ? stage.stride : 1,
                            .bottleneck = architecture_.bottleneck,
                            .leading_norm = units_.size() > 0,
                            .first = i == 0};
      const std::string name = fmt::format("stage{}/unit{}", s + 1, i + 1);
      units_.append(architecture_.reversible ? make_reversible_unit(device_, name, shape, options_)
                                             : make_residual_unit(device_, name, shape, options_));
      in = shape.out;
      size = strided_size(size, shape.stride);
    }
  }
}

void Network::initialize(std::uint64_t seed) {
  for (Parameter* parameter : layers_.parameters) parameter->initialize(seed);
  for (Norm* norm : layers_.norms) norm->reset_statistics();
  parameters_changed();
}

void Network::parameters_changed() {
  for (Filter* filter : layers_.filters) filter->weight_changed();
}

Tensor Network::make_images() {
  return Tensor(device_, Layout::plain({options_.batch, 3, options_.image_size, options_.image_size}),
                MemoryPurpose::temporaries);
}

Loss Network::compute_gradient(const Tensor& images, std::span<const std::int32_t> labels,
                               const GradientsFinal& gradients_final) {
  const auto tell = [&](std::size_t first) {
    if (gradients_final) gradients_final(first);
  };
  Stem::Tape stem_tape;
  Head::Tape head_tape;
  const Activation& last = keeper_->forward(stem_.forward(images, Pass::training, &stem_tape));
  Tensor logits = head_.forward(last, Pass::training, &head_tape);
  const Loss loss = softmax_cross_entropy(logits, labels, options_.label_smoothing);
  softmax_cross_entropy_backward(logits, labels,
                                 options_.whole_batch > 0 ? options_.whole_batch : loss.images, logits,
                                 options_.label_smoothing);
  Activation diff = head_.backward(last, std::move(head_tape), logits);
  tell(first_parameter_.back());
  diff = keeper_->backward(std::move(diff), [&](std::size_t unit) { tell(first_parameter_[unit]); });
  stem_.backward(images, std::move(stem_tape), std::move(diff));
  tell(0);
  return loss;
}

void Network::commit_statistics(double decay) {
  for (Norm* norm : layers_.norms) norm->commit_statistics(decay);
}

Tensor Network::logits(const Tensor& images, Pass pass) {
  Activation x = stem_.forward(images, pass, nullptr);
  for (std::size_t i = 0; i < units_.size(); ++i) units_.advance(i, x, pass);
  return head_.forward(x, pass, nullptr);
}

void Network::keep_activations(ActivationMode mode) {
  require_can_keep(architecture_, mode);
  options_.activations = mode;
  keeper_ = make_activation_keeper(mode, units_, observer_);
}

void Network::observe_norms(NormObserver* observer) {
  for (Norm* norm : layers_.norms) norm->observe(observer);
}

void Network::observe_reconstruction(ReconstructionObserver* observer) {
  observer_ = observer;
  keeper_ = make_activation_keeper(options_.activations, units_, observer_);
}

LayerList Network::recomputed_layers() const {
  LayerList layers;
  if (options_.activations == ActivationMode::stored) return layers;
  if (options_.activations != ActivationMode::reconstructed) {
    throw std::logic_error("recomputed_layers: only for stored and reconstructed activations");
  }
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (units_[i].reversible()) units_[i].list(layers);
  }
  return layers;
}

std::int64_t Network::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter* parameter : layers_.parameters) count += parameter->size();
  return count;
}

std::int64_t Network::macs_per_image() const {
  std::int64_t macs = architecture_.final_width() * options_.classes;
  for (const Filter* filter : layers_.filters) macs += filter->shape().macs_per_image();
  return macs;
}

}  // namespace revnet
