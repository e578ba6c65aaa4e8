#include "train/memory_plan.h"

#include <algorithm>
#include <optional>

#include "train/micro_batch_sum.h"
#include "train/setup.h"

namespace revnet {
namespace {

// Does nothing. It is present because the values computed for an observer may take memory.
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
    std::optional<MicroBatchSum> sum;
    if (options.micro_batches > 1) sum.emplace(device, network, options.micro_batches, 0.0);
    const Tensor images = network.make_images();
    const std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch), 0);
    network.compute_gradient(images, labels);
    network.logits(images, Pass::training);  // as in recalibrating statistics
    network.logits(images, Pass::inference);
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

MemoryPlan plan_memory(const Config& config, const std::vector<ActivationMode>& also) {
  return plan_memory(architecture(config), network_options(config), config.training.threads, also);
}

// Every image adds about the same number of bytes, and planning takes a while. Therefore the next batch to
// try is the one that would just fit if growth were exactly linear, but not far beyond those tried so far.
std::int64_t largest_fitting(std::uint64_t limit, const std::function<std::uint64_t(std::int64_t)>& bytes) {
  const auto at = [&](std::int64_t batch) { return static_cast<double>(bytes(batch)); };
  const auto most = static_cast<double>(limit);
  std::int64_t fits = 1, too_large = 0;  // 0: not yet known
  double of_fitting = at(fits), an_image = at(2) - of_fitting;
  if (of_fitting > most) return 0;
  for (int tries = 1; too_large == 0 || too_large - fits > 1; ++tries) {
    const std::int64_t least = fits + 1, farthest = too_large == 0 ? 64 * fits : too_large - 1;
    const double guess = static_cast<double>(fits) + (most - of_fitting) / std::max(an_image, 1.0);
    std::int64_t next = static_cast<std::int64_t>(
        std::clamp(guess, static_cast<double>(least), static_cast<double>(farthest)));
    if (tries % 8 == 0)
      next = fits + std::max<std::int64_t>((farthest - fits) / 2, 1);  // bisect: growth is not linear
    const double of_next = at(next);
    an_image = (of_next - of_fitting) / static_cast<double>(next - fits);
    if (of_next > most) {
      too_large = next;
    } else {
      fits = next;
      of_fitting = of_next;
    }
  }
  return fits;
}

}  // namespace revnet
