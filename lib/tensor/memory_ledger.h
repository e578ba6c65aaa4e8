// Bytes by purpose: what is alive now, and the most that ever was.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace revnet {

enum class MemoryPurpose {
  parameters,            // values, and the copies of them in other layouts
  optimizer,             // momentum
  gradients,             // of parameters
  statistics,            // of batch normalisation: of the batch and running
  saved_activations,     // kept from the forward pass until the backward pass needs them
  tape,                  // recomputed during the backward pass, gone after one residual function
  activation_gradients,  // flowing back
  temporaries,           // alive within one residual function's forward pass; batches of images
  scratch,               // oneDNN's scratchpads
};
inline constexpr std::size_t memory_purposes = 9;

// "saved_activations" and so on: the names in run.h5 and in --dry-run.
std::string_view name(MemoryPurpose purpose);

class MemoryLedger {
 public:
  void add(MemoryPurpose purpose, std::size_t bytes);
  void remove(MemoryPurpose purpose, std::size_t bytes);

  std::size_t live(MemoryPurpose purpose) const { return live_[index(purpose)]; }
  std::size_t peak(MemoryPurpose purpose) const { return peak_[index(purpose)]; }
  std::size_t live() const { return live_total_; }
  // The most bytes alive at one time: less than the sum of the peaks by purpose.
  std::size_t peak() const { return peak_total_; }
  // Starts new peaks from what is alive now.
  void reset_peaks();

 private:
  static std::size_t index(MemoryPurpose purpose) { return static_cast<std::size_t>(purpose); }

  std::array<std::size_t, memory_purposes> live_{}, peak_{};
  std::size_t live_total_ = 0, peak_total_ = 0;
};

}  // namespace revnet
