// A network: stem, stages of units, head; and the training step's forward and backward passes.
//
// Ownership: owns its layers and, between forward and backward, the activations its keeper holds. Images and
// labels are the caller's. Must not outlive its device.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "net/activations.h"
#include "net/architecture.h"
#include "net/ends.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {

struct NetworkOptions : LayerOptions {
  std::int64_t classes = 10;
  // Of the whole batch, where other processes compute the rest; 0: this is all.
  std::int64_t whole_batch = 0;
  std::int64_t image_size = 32;
  ActivationMode activations = ActivationMode::stored;
  double label_smoothing = 0;    // of the loss in training
  bool average_weights = false;  // whether parameters have an average
};

// Called during a backward pass once the gradients of Network::parameters() from `first` on are final.
using GradientsFinal = std::function<void(std::size_t first)>;

class Network {
 public:
  // UsageError if the architecture cannot do what the options ask.
  Network(Device& device, const Architecture& architecture, const NetworkOptions& options);

  const Architecture& architecture() const { return architecture_; }
  const NetworkOptions& options() const { return options_; }

  // Draws all parameters, resets running statistics and momentum: a pure function of the seed.
  void initialize(std::uint64_t seed);
  // To be called after parameters were changed by other means than initialize(): copies of weights follow.
  void parameters_changed();

  // A buffer for one batch of images, [batch, 3, image_size, image_size] row-major.
  Tensor make_images();

  // The loss of these images and the gradient by every parameter (overwritten), without weight decay, of the
  // mean cross entropy (smoothed, where labels are): of the whole batch, where this is a part, so that the
  // parts' gradients add up. Batch
  // statistics are left in the norm layers; running averages are not touched.
  Loss compute_gradient(const Tensor& images, std::span<const std::int32_t> labels,
                        const GradientsFinal& gradients_final = {});
  // Updates every running average from the last batch's statistics. Once a step.
  void commit_statistics(double decay);

  // The loss with running statistics; of a short last batch, the first labels.size() images count.
  Loss evaluate(const Tensor& images, std::span<const std::int32_t> labels);
  // Logits with running statistics, or with batch statistics as in training.
  Tensor logits(const Tensor& images, Pass pass);

  // Which way activations are kept from now on. UsageError if the architecture cannot.
  void keep_activations(ActivationMode mode);
  // Has normalisations, and reconstruction, watched from now on; null: no longer. Not between forward and
  // backward.
  void observe_norms(NormObserver* observer);
  void observe_reconstruction(ReconstructionObserver* observer);

  const std::vector<Parameter*>& parameters() const { return layers_.parameters; }
  const std::vector<Norm*>& norms() const { return layers_.norms; }
  const std::vector<Filter*>& filters() const { return layers_.filters; }
  // The layers whose forward pass runs a second time in each step: in reconstructed mode, those of reversible
  // units.
  LayerList recomputed_layers() const;

  std::int64_t parameter_count() const;
  // Residual functions that this engine computes: the one asked for, or oneDNN's where that has no kernels.
  std::int64_t functions_by(Engine engine) const;
  // Multiply-adds of one image's forward pass, in convolutions and the dense layer.
  std::int64_t macs_per_image() const;

 private:
  void build_units();

  Device& device_;
  Architecture architecture_;
  NetworkOptions options_;
  Stem stem_;
  Chain units_;
  Head head_;
  LayerList layers_;
  std::vector<std::size_t> first_parameter_;  // of each unit and the head, in layers_
  ReconstructionObserver* observer_ = nullptr;
  std::unique_ptr<ActivationKeeper> keeper_;
};

}  // namespace revnet
