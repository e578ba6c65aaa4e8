#include "train/memory_plan.h"

namespace revnet {
namespace {

// That somebody watches is all that counts: what is shown to observers may take memory.
class IdleObserver final : public NormObserver {
 public:
  void normalized(Norm&, Pass, const Tensor&, Tensor&, Tensor&) override {}
  void normalizing(Norm&, Pass, Tensor&) override {}
};

}  // namespace

MemoryPlan plan_memory(const Architecture& architecture, const NetworkOptions& options, int threads,
                       const std::vector<ActivationMode>& also) {
  MemoryPlan plan;
  Device device = Device::planning(threads);
  {
    Network network(device, architecture, options);
    const Tensor images = network.make_images();
    const std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch), 0);
    network.compute_gradient(images, labels);
    network.evaluate(images, labels);
    IdleObserver observer;
    network.observe_norms(&observer);
    for (const ActivationMode mode : also) {
      network.keep_activations(mode);
      network.compute_gradient(images, labels);
    }
    plan.parameters = network.parameter_count();
    plan.macs_per_image = network.macs_per_image();
  }
  plan.arena_bytes = device.arena().extent();
  plan.peak_bytes = device.ledger().peak();
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    plan.peak_by_purpose[i] = device.ledger().peak(static_cast<MemoryPurpose>(i));
  }
  return plan;
}

std::int64_t largest_batch(std::uint64_t limit, const std::function<std::uint64_t(std::int64_t)>& bytes) {
  if (bytes(1) > limit) return 0;
  std::int64_t fits = 1, too_large = 2;
  while (bytes(too_large) <= limit) {
    fits = too_large;
    too_large *= 2;
  }
  while (too_large - fits > 1) {
    const std::int64_t middle = fits + (too_large - fits) / 2;
    (bytes(middle) <= limit ? fits : too_large) = middle;
  }
  return fits;
}

}  // namespace revnet
