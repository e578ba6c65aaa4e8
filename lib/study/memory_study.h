// revnet-compare memory: the paper's Table 1, measured: memory and arithmetic of the ways to keep
// activations, against the number of units.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/table.h"
#include "net/activations.h"
#include "net/architecture.h"
#include "train/memory_plan.h"

namespace revnet {

// One network to measure, with another number of units a stage, on images of the size that it is made for.
struct MemoryCase {
  Architecture architecture;
  std::int64_t units = 0;  // of every stage; 0: as the architecture has them
  ActivationMode activations = ActivationMode::stored;
  std::int64_t batch = 100;
  int threads = 1;
  Engine engine = Engine::onednn;

  Architecture network() const;
};

struct MemoryResult {
  std::uint64_t saved_bytes = 0;     // saved activations, at most
  std::uint64_t tape_bytes = 0;      // recomputed in the backward pass, at most
  std::uint64_t peak_bytes = 0;      // everything the ledger counts, at most
  std::uint64_t resident_bytes = 0;  // of a fresh process that did it, at most
  std::int64_t macs = 0;             // multiply-adds of a step
  double seconds = 0;                // a step: the median
  std::uint64_t arena_bytes = 0;     // by plan: where all tensors lie, gaps included
};

// By plan: nothing is computed; macs, seconds and resident_bytes stay 0.
MemoryResult plan_case(const MemoryCase& what);

// In this process, which should be fresh: a few steps on random images.
MemoryResult measure_case(const MemoryCase& what, std::int64_t steps);

// Least squares y = a + b g(L) for each growth g; "1" has b = 0.
struct Growth {
  std::string name;  // "1", "log L", "sqrt L", "L", "L log L"
  double a = 0, b = 0;
  double residual = 0;  // RMS of what is left, as a part of the mean of y
};
// All of them, the one with the least residual first; but "1" comes first if it leaves less than 1 %.
// Needs three different depths: logic_error otherwise.
std::vector<Growth> fit_growth(const std::vector<double>& depths, const std::vector<double>& values);

struct MemoryStudy {
  std::vector<MemoryCase> cases;
  std::vector<MemoryResult> results;  // in the order of the cases
};

Table memory_table(const MemoryStudy& study);
// For each architecture and way: how saved bytes, peak bytes and multiply-adds grow with the depth.
Table growth_table(const MemoryStudy& study);

// HDF5: columns architecture, activations, units, depth, batch, threads, saved_bytes, tape_bytes, peak_bytes,
// resident_bytes, macs and seconds under /cases.
void write_memory_log(const std::filesystem::path& file, const MemoryStudy& study,
                      const std::string& command);

}  // namespace revnet
