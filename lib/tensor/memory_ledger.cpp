#include "tensor/memory_ledger.h"

#include <algorithm>
#include <stdexcept>

namespace revnet {

std::string_view name(MemoryPurpose purpose) {
  static constexpr auto names = std::to_array<std::string_view>(
      {"parameters", "optimizer", "gradients", "statistics", "saved_activations", "tape",
       "activation_gradients", "temporaries", "scratch"});
  static_assert(names.size() == memory_purposes);
  return names.at(static_cast<std::size_t>(purpose));
}

void MemoryLedger::add(MemoryPurpose purpose, std::size_t bytes) {
  const std::size_t i = index(purpose);
  live_[i] += bytes;
  peak_[i] = std::max(peak_[i], live_[i]);
  live_total_ += bytes;
  peak_total_ = std::max(peak_total_, live_total_);
}

void MemoryLedger::remove(MemoryPurpose purpose, std::size_t bytes) {
  const std::size_t i = index(purpose);
  if (live_[i] < bytes) throw std::logic_error("MemoryLedger: more bytes freed than were taken");
  live_[i] -= bytes;
  live_total_ -= bytes;
}

void MemoryLedger::reset_peaks() {
  peak_ = live_;
  peak_total_ = live_total_;
}

}  // namespace revnet
