// Where computation happens: the oneDNN engine and stream, the arena and the memory ledger. It is passed to
// whatever creates tensors; each tensor refers to its device.
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
  struct Backend;  // the oneDNN engine and stream, and oneDNN's answers: tensor/onednn_handles.h

  // Computes with `threads` OpenMP threads, 1 or more, in an arena of `arena_bytes`.
  // With `poison`, which is for tests, every buffer is filled with NaN when taken, so that reading unwritten
  // memory shows.
  explicit Device(int threads, std::size_t arena_bytes, bool poison = false);
  // A device that computes nothing. Layers built on it and steps run on it only take and return their
  // buffers, so that the ledger and the arena's extent tell what a real run with `threads` threads needs (0:
  // as many as OpenMP is set to). oneDNN sizes its scratchpads by OpenMP's number of threads, so this sets
  // that number for the calling thread, as the constructor does; a device belongs to the thread that made it.
  // No code is generated.
  static Device planning(int threads = 0);
  ~Device();
  // Tensors and layers refer to their device, so it can be neither copied nor moved.
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

  // The layout that this processor's convolutions prefer for [N, C, H, W] activations. oneDNN is asked once,
  // about a convolution wide enough that channel padding plays no part, and every activation uses the answer.
  Layout activation_layout(const Shape& nchw) const;
  // How many channels lie side by side in such a layout; of 64 channels, where all of them do.
  std::int64_t activation_block() const;
  // Whether oneDNN offers Winograd convolutions here: version 2 does on processors with AVX-512, version 3
  // never. Asked once as well.
  bool has_winograd() const;

  // Times every operation from now on and adds it to `profile`, which must outlive its use; null stops that.
  void set_profile(Profile* profile) { profile_ = profile; }
  // Runs `body`, an operation of this cost; does nothing on a planning device.
  template <class Body>
  void perform(const Cost& cost, const Body& body) {
    if (is_planning()) return;
    if (profile_ == nullptr) {
      body();
      return;
    }
    const Stopwatch stopwatch;
    body();
    profile_->add(cost, stopwatch.seconds());
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

// The version of the oneDNN library in use: "2.6.3".
std::string onednn_version();
// The widest instruction set that oneDNN generates code for here, such as "avx512_core_bf16".
// $ONEDNN_MAX_CPU_ISA may keep it below the processor's.
std::string onednn_instruction_set();
// Device::has_winograd() as files and logs spell it: "present" or "absent".
std::string onednn_winograd();

}  // namespace revnet
