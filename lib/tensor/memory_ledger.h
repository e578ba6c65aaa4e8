// Counts bytes by purpose: how many are live now, and the most there have been.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace revnet {

enum class MemoryPurpose {
  parameters,            // values, and copies of them in other layouts
  optimizer,             // momentum and averaged weights
  gradients,             // of the parameters
  statistics,            // of batch normalisation: batch statistics and running averages
  saved_activations,     // kept from the forward pass until the backward pass needs them
  tape,                  // inputs and tapes of the units whose backward pass is next, recomputed or kept
  activation_gradients,  // flowing backwards
  temporaries,           // image batches, and activations that no backward pass reads
  scratch,               // of kernels, of oneDNN's primitives and of sums over a batch
};
inline constexpr std::size_t memory_purposes = static_cast<std::size_t>(MemoryPurpose::scratch) + 1;

// The purpose as run.h5 and --dry-run spell it: "saved_activations".
std::string_view name(MemoryPurpose purpose);

class MemoryLedger {
 public:
  void add(MemoryPurpose purpose, std::size_t bytes);
  void remove(MemoryPurpose purpose, std::size_t bytes);

  std::size_t live(MemoryPurpose purpose) const { return live_[index(purpose)]; }
  std::size_t peak(MemoryPurpose purpose) const { return peak_[index(purpose)]; }
  std::size_t live() const { return live_total_; }
  // The most bytes live at any one time, which is at most the sum of the peaks by purpose.
  std::size_t peak() const { return peak_total_; }
  // Restarts the peaks from what is live now, for tests.
  void reset_peaks();

 private:
  static std::size_t index(MemoryPurpose purpose) { return static_cast<std::size_t>(purpose); }

  std::array<std::size_t, memory_purposes> live_{}, peak_{};
  std::size_t live_total_ = 0, peak_total_ = 0;
};

}  // namespace revnet
