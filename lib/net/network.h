// A network: stem, stages of units and head, with the forward and backward passes of a training step.
//
// Ownership: a network owns its layers and, between forward and backward, the activations its keeper holds.
// Images and labels belong to the caller. A network must not outlive its device.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "net/activations.h"
#include "net/architecture.h"
#include "net/stem_and_head.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {

struct NetworkOptions : LayerOptions {
  std::int64_t classes = 10;
  // The size of the whole batch if a network computes only a part of it at a time, the rest being other
  // micro-batches' or other processes'; 0: it computes all of it at once.
  std::int64_t whole_batch = 0;
  // How many batches of this size this process computes for a step, one after another.
  std::int64_t micro_batches = 1;
  std::int64_t image_size = 32;
  ActivationMode activations = ActivationMode::stored;
  double label_smoothing = 0;    // of the loss in training
  bool average_weights = false;  // whether parameters have an average
};

// Called during a backward pass once the gradients of Network::parameters() from `first` on are final.
using GradientsFinal = std::function<void(std::size_t first)>;

class Network {
 public:
  // Throws UsageError if the architecture does not support the options.
  Network(Device& device, const Architecture& architecture, const NetworkOptions& options);

  const Architecture& architecture() const { return architecture_; }
  const NetworkOptions& options() const { return options_; }

  // Draws all parameters as a pure function of the seed, and resets running averages and momentum.
  void initialize(std::uint64_t seed);
  // Updates the copies of weights. Call it after changing parameters by any means other than initialize().
  void parameters_changed();

  // A buffer for one batch of images, [batch, 3, image_size, image_size] row-major.
  Tensor make_images();

  // The loss of the images and the gradient with respect to every parameter (overwritten), without weight
  // decay. It is the gradient of the mean cross entropy (with smoothed labels, if they are) over the whole
  // batch, so the gradients of a batch's shards add up. Leaves batch statistics in the norms and does not
  // touch running averages.
  Loss compute_gradient(const Tensor& images, std::span<const std::int32_t> labels,
                        const GradientsFinal& gradients_final = {});
  // Updates the running averages from the last batch's. Call it once per step.
  void commit_statistics(double decay);

  // The logits with running averages (inference), or with the statistics of these images, which then replace
  // those of the last batch (training).
  Tensor logits(const Tensor& images, Pass pass);

  // Changes how activations are kept. Throws UsageError if the architecture does not support the mode.
  void keep_activations(ActivationMode mode);
  // Sets the observers of normalisations and of reconstruction; null removes one. Do not call between forward
  // and backward.
  void observe_norms(NormObserver* observer);
  void observe_reconstruction(ReconstructionObserver* observer);

  const std::vector<Parameter*>& parameters() const { return layers_.parameters; }
  const std::vector<Norm*>& norms() const { return layers_.norms; }
  const std::vector<Filter*>& filters() const { return layers_.filters; }
  // The layers of reversible units in reconstructed mode, whose forward pass runs again in each step; none in
  // stored mode. Throws a logic_error in other modes, which run most layers again.
  LayerList recomputed_layers() const;

  std::int64_t parameter_count() const;
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
  std::vector<std::size_t> first_parameter_;  // index in layers_.parameters, of each unit and the head
  ReconstructionObserver* observer_ = nullptr;
  std::unique_ptr<ActivationKeeper> keeper_;
};

}  // namespace revnet
