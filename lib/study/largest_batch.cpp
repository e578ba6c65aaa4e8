#include "study/largest_batch.h"

#include <algorithm>

#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/memory_plan.h"

namespace revnet {
namespace {

// Measures, at a small batch, what a process needs beside its arena: code, libraries, generated kernels.
std::optional<std::uint64_t> measured_overhead(Config config, const RunStep& run) {
  config.training.batch = 8;
  const std::optional<MemoryResult> small = run(config);
  if (!small) return {};
  return small->resident_bytes - std::min(small->resident_bytes, plan_case(config).arena_bytes);
}

}  // namespace

std::optional<LargestBatch> find_largest_batch(Config config, std::uint64_t limit, const RunStep& run) {
  const std::optional<std::uint64_t> overhead =
      run ? measured_overhead(config, run) : bytes_of_process(config.training.threads);
  if (!overhead) return {};
  const std::uint64_t checkpoint = bytes_of_checkpoint(config, plan_memory(config));
  Config data = config;
  if (!has_photographs(data)) data.dataset.name = Config::Dataset::Name::cifar10;
  const auto planned = [&](std::int64_t batch) {
    Config with_batch = config;
    with_batch.training.batch = batch;
    return plan_case(with_batch).arena_bytes + *overhead + checkpoint + dataset_bytes(data, batch);
  };
  LargestBatch result;
  result.batch = largest_fitting(limit, planned);
  result.planned_bytes = planned(std::max<std::int64_t>(result.batch, 1));
  if (result.batch == 0 || !run) return result;
  config.training.batch = result.batch;
  const std::optional<MemoryResult> tried = run(config);
  if (!tried) return {};
  result.resident_bytes = tried->resident_bytes;
  return result;
}

}  // namespace revnet
