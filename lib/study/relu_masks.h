// Records which ReLUs of a network are open in a forward pass, and compares them with a recomputation.
//
// Two float32 computations of one gradient differ mostly by flipped ReLUs, whose input is so close to zero
// that rounding decides its sign. Counting the flips, and forcing the first computation's masks upon the
// second, separates their part of the difference from the smooth rest.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "layers/norm.h"

namespace revnet {

class ReluMasks final : public NormObserver {
 public:
  enum class Task {
    record,   // keep the masks of a training pass
    compare,  // count where a recomputation differs from the recorded masks
    force,    // make a recomputation open exactly the recorded ReLUs
  };

  // Starts a task. Comparing resets the counts.
  void start(Task task);
  void normalized(Norm& norm, Pass pass, const Tensor& src, Tensor& dst, Tensor& mask) override;
  // Forces a ReLU by moving its input just across the threshold, to the nearest float that works.
  void normalizing(Norm& norm, Pass pass, Tensor& src) override;

  struct Count {
    std::int64_t relus = 0;    // compared
    std::int64_t flipped = 0;  // of those, how many differ
  };
  // By stage ("stage1"), the first part of the layers' names.
  std::map<std::string, Count> counts() const;

 private:
  struct Kept {
    std::vector<bool> open;          // by stored element
    std::vector<std::uint8_t> mask;  // as the operation wrote it
    Count count;
  };

  // The record of a layer; logic_error if it was not recorded.
  Kept& recorded(const Norm& norm);

  Task task_ = Task::record;
  std::map<const Norm*, Kept> kept_;
};

}  // namespace revnet
