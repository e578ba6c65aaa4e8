// Random numbers as a pure function of a key, with no generator state to save, share or restore.
//
// Counter-based Philox4x32-10 (Salmon et al., SC 2011; Random123). A stream is named by (seed, purpose,
// epoch, index), and one name yields the same numbers on every machine, in every process, in any order. Runs
// can therefore be resumed and sharded without saving any random state. Normal numbers also depend on the C
// library's log and cos, which may round differently from version to version.
#pragma once

#include <array>
#include <cstdint>

namespace revnet {

// What a stream is used for. The values are part of what a seed means: append, never renumber.
enum class Purpose : std::uint32_t {
  initialization = 1,
  shuffle = 2,
  augmentation = 3,
  synthetic_image = 4,
  synthetic_label = 5,  // reserved: synthetic labels are not drawn
};

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t epoch, std::uint32_t index);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  // Uniform in [0, 1), 53 random bits.
  double uniform();
  // A uniform integer in [0, bound), without modulo bias. Requires bound > 0.
  std::uint32_t below(std::uint32_t bound);
  // Standard normal (Box-Muller).
  double normal();
  // A standard normal conditioned on |x| <= 2, by rejection.
  double truncated_normal();

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

}  // namespace revnet
