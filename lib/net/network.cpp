#include "net/network.h"

#include "base/error.h"

namespace revnet {
namespace {

// The first unit of each stage takes the stride.
constexpr std::array<std::int64_t, 3> strides{1, 2, 2};

BuildOptions build_options(const Architecture& architecture, const NetworkOptions& options) {
  if (!can_keep(architecture, options.activations)) {
    throw UsageError(architecture.name + " is not reversible: its activations cannot be reconstructed");
  }
  if (options.image_size % 4 != 0) throw UsageError("the image size must be a multiple of 4");
  return {options.batch, options.convolution, options.epsilon, options.engine, options.statistics};
}

}  // namespace

Network::Network(Device& device, const Architecture& architecture, const NetworkOptions& options)
    : device_(device),
      architecture_(architecture),
      options_(options),
      build_(build_options(architecture, options)),
      stem_(device, architecture, options.image_size, build_),
      head_(device, architecture, options.image_size / 4, options.classes, build_) {
  build_units();
  stem_.list(layers_);
  for (const auto& unit : units_) {
    first_parameter_.push_back(layers_.parameters.size());
    unit->list(layers_);
  }
  first_parameter_.push_back(layers_.parameters.size());
  head_.list(layers_);
  for (NormLayer* norm : layers_.norms) norm->reset_statistics(device_);
  keeper_ = make_activation_keeper(options.activations, units_);
}

void Network::build_units() {
  std::int64_t in = architecture_.stem_width, size = options_.image_size;
  for (std::size_t stage = 0; stage < strides.size(); ++stage) {
    for (std::int64_t i = 0; i < architecture_.units[stage]; ++i) {
      const bool first = i == 0;
      const UnitShape shape{in,
                            architecture_.out_width(stage),
                            size,
                            size,
                            first ? strides[stage] : 1,
                            architecture_.bottleneck,
                            !(first && stage == 0),
                            first};
      const std::string name = "stage" + std::to_string(stage + 1) + "/unit" + std::to_string(i + 1);
      units_.push_back(architecture_.reversible ? make_reversible_unit(device_, name, shape, build_)
                                                : make_residual_unit(device_, name, shape, build_));
      if (units_.size() > 1) units_[units_.size() - 2]->last_function().feed(units_.back()->first_function());
      in = shape.out;
      size /= shape.stride;
    }
  }
}

void Network::initialize(std::uint64_t seed) {
  for (Parameter* parameter : layers_.parameters) parameter->initialize(device_, seed);
  for (NormLayer* norm : layers_.norms) norm->reset_statistics(device_);
  parameters_changed();
}

void Network::parameters_changed() {
  for (ConvolutionLayer* convolution : layers_.convolutions) convolution->refresh(device_);
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
  const Activation& last =
      keeper_->forward(device_, stem_.forward(device_, images, Pass::training, &stem_tape));
  Tensor logits = head_.forward(device_, last, Pass::training, &head_tape);
  const Loss loss = softmax_cross_entropy(device_, logits, labels);
  softmax_cross_entropy_backward(device_, logits, labels,
                                 options_.whole_batch > 0 ? options_.whole_batch : loss.images, logits);
  Activation diff = head_.backward(device_, last, std::move(head_tape), logits);
  tell(first_parameter_.back());
  diff = keeper_->backward(device_, std::move(diff), [&](std::size_t unit) { tell(first_parameter_[unit]); });
  stem_.backward(device_, images, std::move(stem_tape), std::move(diff));
  tell(0);
  return loss;
}

void Network::commit_statistics(double decay) {
  for (NormLayer* norm : layers_.norms) norm->commit_statistics(device_, decay);
}

Tensor Network::logits(const Tensor& images, Pass pass) {
  Activation x = stem_.forward(device_, images, pass, nullptr);
  for (const auto& unit : units_) advance(device_, *unit, x, pass);
  return head_.forward(device_, x, pass, nullptr);
}

Loss Network::evaluate(const Tensor& images, std::span<const std::int32_t> labels) {
  return softmax_cross_entropy(device_, logits(images, Pass::inference), labels);
}

void Network::keep_activations(ActivationMode mode) {
  if (!can_keep(architecture_, mode)) {
    throw UsageError(architecture_.name + " is not reversible: its activations cannot be reconstructed");
  }
  options_.activations = mode;
  keeper_ = make_activation_keeper(mode, units_, observer_);
}

void Network::observe_norms(NormObserver* observer) {
  for (NormLayer* norm : layers_.norms) norm->observe(observer);
}

void Network::observe_reconstruction(ReconstructionObserver* observer) {
  observer_ = observer;
  keeper_ = make_activation_keeper(options_.activations, units_, observer_);
}

LayerList Network::recomputed_layers() const {
  LayerList layers;
  if (options_.activations != ActivationMode::reconstructed) return layers;
  for (const auto& unit : units_) {
    if (unit->reversible()) unit->list(layers);
  }
  return layers;
}

std::int64_t Network::parameter_count() const {
  std::int64_t count = 0;
  for (const Parameter* parameter : layers_.parameters) count += parameter->size();
  return count;
}

std::int64_t Network::macs_per_image() const {
  std::int64_t macs = architecture_.out_width(2) * options_.classes;
  for (const ConvolutionLayer* layer : layers_.convolutions)
    macs += layer->operation().shape().macs_per_image();
  return macs;
}

}  // namespace revnet
