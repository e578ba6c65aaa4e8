#include "sweep/estimate.h"

#include <algorithm>

#include "ranks/communicator.h"
#include "sweep/job_state.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/memory_plan.h"
#include "train/setup.h"

namespace revnet {
namespace {

// A step's speed as a fraction of sgemm's, measured with revnet-compare speed. Bottleneck networks are
// limited by memory bandwidth.
double share_of_sgemm(const Architecture& architecture) {
  return architecture.bottleneck ? 0.65 : 1.0;
}

}  // namespace

std::uint64_t planned_memory(const Job& job, int threads, std::int64_t ranks) {
  Config config = resolved(job);
  config.training.batch = largest_shard(config.training.batch, ranks);
  config.training.threads = threads;
  return bytes_of_training(config, plan_memory(config), ranks);
}

double estimated_seconds(const Job& job, int threads, double sgemm_gflops) {
  const Config config = resolved(job);
  const Architecture built = architecture(config);
  Device device = Device::planning(threads);
  const Network network(device, built, network_options(config));
  const double passes = config.network.activations == Config::Network::Activations::stored ? 3 : 4;
  const std::int64_t iterations = config.training.iterations, every = config.evaluation.every;
  const std::int64_t evaluations = every > 0 ? (iterations + every - 1) / every : 1;  // always one at the end
  const auto all = static_cast<std::int64_t>(evaluation_images(config));
  const std::int64_t some = config.evaluation.images > 0 ? std::min(config.evaluation.images, all) : all;
  const double networks = config.training.average_decay > 0 ? 2 : 1;  // the average is evaluated, too
  const double images = passes * static_cast<double>(config.training.batch * iterations) +
                        networks * static_cast<double>((evaluations - 1) * some + all);
  return 2e-9 * static_cast<double>(network.macs_per_image()) * images /
         (sgemm_gflops * threads * share_of_sgemm(built));
}

double seconds_in_all(const std::vector<double>& jobs, std::size_t places) {
  std::vector<double> busy_until(std::max<std::size_t>(places, 1));
  for (const double seconds : jobs) *std::ranges::min_element(busy_until) += seconds;
  return std::ranges::max(busy_until);
}

}  // namespace revnet
