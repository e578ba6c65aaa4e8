// revnet-compare memory measures the paper's Table 1: memory and arithmetic of each way to keep activations,
// against the number of units.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/table.h"
#include "settings/config.h"

namespace revnet {

struct MemoryResult {
  Config of;                         // resolved
  std::uint64_t saved_bytes = 0;     // peak of saved activations
  std::uint64_t tape_bytes = 0;      // peak of what the backward pass recomputes
  std::uint64_t peak_bytes = 0;      // peak of everything the ledger counts
  std::uint64_t resident_bytes = 0;  // peak of a fresh process that ran the case; 0: it was only planned
  std::int64_t macs = 0;             // multiply-adds of one step
  double seconds = 0;                // median of a step
  std::uint64_t arena_bytes = 0;     // the region that holds all tensors, gaps included; 0 if measured
};
using MemoryStudy = std::vector<MemoryResult>;

// Plans a step of resolved settings without computing anything; macs, seconds and resident_bytes stay 0.
MemoryResult plan_case(const Config& config);

// Runs a few steps on random images in this process, which should be fresh. A step computes loss and
// gradients, and updates the weights with a fixed rate; what only some trainings have, such as micro-batches,
// is left out.
MemoryResult measure_case(const Config& config, std::int64_t steps);

// For people: bytes and seconds in fitting units; "-" where nothing was measured.
Table memory_table(const MemoryStudy& study);
// For programs: the columns of the HDF5 file, in bytes and seconds; empty where nothing was measured.
Table memory_data(const MemoryStudy& study);
// How many depths a fit needs. Checkpointing keeps every sqrt(L)-th activation, rounded, and on fewer depths
// the rounding decides which growth fits best.
inline constexpr std::size_t depths_for_growth = 5;
// For each architecture, mode and batch with enough depths: how saved bytes, peak bytes and multiply-adds
// grow.
Table growth_table(const MemoryStudy& study);

// Writes HDF5 columns under /cases: architecture (without its units), units ("9-9-9"), depth, activations,
// engine, convolution, coupling, batch, threads, image_size, classes, saved_bytes, tape_bytes, peak_bytes,
// resident_bytes, macs and seconds. Requires a result.
void write_memory_log(const std::filesystem::path& file, const MemoryStudy& study,
                      const std::string& command);

}  // namespace revnet
