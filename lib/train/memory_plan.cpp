#include "train/memory_plan.h"

#include <algorithm>

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
    plan.fused_functions = network.functions_by(Engine::fused);
    plan.onednn_functions = network.functions_by(Engine::onednn);
  }
  plan.arena_bytes = device.arena().extent();
  plan.peak_bytes = device.ledger().peak();
  for (std::size_t i = 0; i < memory_purposes; ++i) {
    plan.peak_by_purpose[i] = device.ledger().peak(static_cast<MemoryPurpose>(i));
  }
  return plan;
}

// Bytes grow by about the same with every image, and a plan takes a while: so the next batch tried is the one that
// would just fit if they did exactly.
std::int64_t largest_batch(std::uint64_t limit, const std::function<std::uint64_t(std::int64_t)>& bytes) {
  const auto at = [&](std::int64_t batch) { return static_cast<double>(bytes(batch)); };
  const auto most = static_cast<double>(limit);
  double of_fitting = at(1), of_next = at(2);
  if (of_fitting > most) return 0;
  if (of_next > most) return 1;
  double an_image = of_next - of_fitting;
  std::int64_t fits = 2, too_large = std::int64_t{1} << 40;
  of_fitting = of_next;
  for (int tries = 1; too_large - fits > 1; ++tries) {
    const double more = an_image > 0 ? (most - of_fitting) / an_image : static_cast<double>(fits);
    std::int64_t next = fits + std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(more, 1e12)), 1,
                                                        too_large - fits - 1);
    if (tries % 8 == 0) next = fits + (too_large - fits) / 2;  // where they are far from growing like that
    of_next = at(next);
    an_image = (of_next - of_fitting) / static_cast<double>(next - fits);
    if (of_next <= most) {
      fits = next;
      of_fitting = of_next;
    } else {
      too_large = next;
    }
  }
  return fits;
}

}  // namespace revnet
