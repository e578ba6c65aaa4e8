// revnet-compare memory measures the paper's Table 1: memory and arithmetic of each way to keep activations,
// against the number of units.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/table.h"
#include "net/activations.h"
#include "net/architecture.h"

namespace revnet {

// One network to measure, possibly with another number of units per stage, on images of the size it is
// designed for.
struct MemoryCase {
  Architecture architecture;
  std::int64_t units = 0;  // in every stage; 0: as in the architecture
  ActivationMode activations = ActivationMode::stored;
  std::int64_t batch = 100;
  int threads = 1;
  Engine engine = Engine::onednn;

  Architecture network() const;
};

struct MemoryResult {
  std::uint64_t saved_bytes = 0;     // peak of saved activations
  std::uint64_t tape_bytes = 0;      // peak of what the backward pass recomputes
  std::uint64_t peak_bytes = 0;      // peak of everything the ledger counts
  std::uint64_t resident_bytes = 0;  // peak of a fresh process that ran the case
  std::int64_t macs = 0;             // multiply-adds of one step
  double seconds = 0;                // median of a step
  std::uint64_t arena_bytes = 0;     // the region that holds all tensors, gaps included; 0 if measured
};

// Plans without computing anything; macs, seconds and resident_bytes stay 0, which tables show as "-".
MemoryResult plan_case(const MemoryCase& what);

// Runs a few steps on random images in this process, which should be fresh.
MemoryResult measure_case(const MemoryCase& what, std::int64_t steps);

// The least-squares fit y = a + b g(L) of one growth g; "1" has b = 0.
struct Growth {
  std::string name;  // "1", "log L", "sqrt L", "L", "L log L"
  double a = 0, b = 0;
  double residual = 0;  // RMS of the residuals, relative to the mean of y
};
// All fits, smallest residual first; but "1" comes first if its residual is below 1 %. Requires three
// different depths; logic_error otherwise.
std::vector<Growth> fit_growth(const std::vector<double>& depths, const std::vector<double>& values);

struct MemoryStudy {
  std::vector<MemoryCase> cases;
  std::vector<MemoryResult> results;  // in the order of the cases
};

// For people: bytes and seconds in fitting units.
Table memory_table(const MemoryStudy& study);
// For programs: the columns of the HDF5 file, except that `units` has all stages ("9-9-9"), in bytes and
// seconds; empty where nothing was measured.
Table memory_data(const MemoryStudy& study);
// How many depths a fit needs. Checkpointing keeps every sqrt(L)-th activation, rounded, and on fewer depths
// the rounding decides which growth fits best.
inline constexpr std::size_t depths_for_growth = 5;
// For each architecture, mode and batch with enough depths: how saved bytes, peak bytes and multiply-adds
// grow.
Table growth_table(const MemoryStudy& study);

// Writes HDF5 columns under /cases: architecture, activations, engine, units (of the first stage), depth,
// batch, threads, image_size, classes, saved_bytes, tape_bytes, peak_bytes, resident_bytes, macs and seconds.
void write_memory_log(const std::filesystem::path& file, const MemoryStudy& study,
                      const std::string& command);

}  // namespace revnet
