// Where computation happens: the oneDNN engine and stream, the arena and the ledger. Whatever makes tensors
// is given one; whatever works on tensors finds it there.
#pragma once

#include <memory>
#include <string>

#include "base/stopwatch.h"
#include "tensor/arena.h"
#include "tensor/layout.h"
#include "tensor/memory_ledger.h"
#include "tensor/profile.h"

namespace revnet {

class Device {
 public:
  struct Backend;  // oneDNN's engine and stream, and what it was asked: tensor/onednn_handles.h

  // Computes with `threads` OpenMP threads (0: as many as this process may use) in an arena of `arena_bytes`.
  // With `poison`, every buffer is filled with NaN when taken, so that reading what nobody wrote is seen: for
  // tests.
  explicit Device(int threads, std::size_t arena_bytes, bool poison = false);
  // Computes nothing: layers built on it and steps run on it take and return their buffers, so that the
  // ledger and the arena's extent tell what a real run with `threads` threads needs (oneDNN's scratchpads
  // grow with their number; 0: as many as OpenMP is set to). No code is generated.
  static Device planning(int threads = 0);
  ~Device();
  // Tensors and layers refer to their device, so it stays where it was made.
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  bool is_planning() const { return arena_.is_planning(); }
  bool poisons() const { return poison_; }
  int threads() const { return threads_; }
  const Backend& backend() const { return *backend_; }
  Backend& backend() { return *backend_; }
  Arena& arena() { return arena_; }
  MemoryLedger& ledger() { return ledger_; }
  const MemoryLedger& ledger() const { return ledger_; }

  // The layout in which this processor's convolutions want activations of the given [N, C, H, W]: oneDNN is
  // asked once, for a convolution wide enough that padding plays no part, and every activation follows.
  Layout activation_layout(const Shape& nchw) const;
  // Whether oneDNN convolves by Winograd here: version 2 does on processors with AVX-512, version 3 never.
  // Asked once, too.
  bool has_winograd() const;

  // From now on every operation is timed and added to `profile`, which must outlive that; null: no longer.
  void set_profile(Profile* profile) { profile_ = profile; }
  // Runs `body`, which does `work`; not on a planning device.
  template <class Body>
  void perform(const Work& work, const Body& body) {
    if (is_planning()) return;
    if (profile_ == nullptr) {
      body();
      return;
    }
    const Stopwatch stopwatch;
    body();
    profile_->add(work, stopwatch.seconds());
  }

 private:
  Device(Arena arena, int threads, bool poison);

  std::unique_ptr<Backend> backend_;
  Arena arena_;
  MemoryLedger ledger_;
  int threads_;
  bool poison_;
  Profile* profile_ = nullptr;
};

// "2.6.3": of the library that runs.
std::string onednn_version();
// The widest instructions that oneDNN generates code for here, "avx512_core_bf16": $ONEDNN_MAX_CPU_ISA may
// keep it below what the processor has.
std::string onednn_instruction_set();
// "present" or "absent": Device::has_winograd() in the words of files and logs.
std::string onednn_winograd();

}  // namespace revnet
