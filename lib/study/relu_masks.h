// Which ReLUs of a network were open in a forward pass, held against a recomputation of it.
//
// Two float32 computations of one gradient differ mostly by ReLUs: an input within rounding of zero is on one
// side in the one and on the other in the other. Counting those, and forcing the first computation's masks
// upon the second, tells their part in the difference from the smooth rest.
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
    record,   // keep the masks of the training pass
    compare,  // count where a recomputation differs from what was recorded
    force,    // make a recomputation open and close the ReLUs that were recorded
  };

  // Starts a task; comparing starts from counts of zero.
  void start(Task task);
  void normalized(Norm& norm, Pass pass, const Tensor& src, Tensor& dst, Tensor& mask) override;
  // Opens and closes ReLUs by moving what goes into them to the other side of zero, as near as floats go.
  void normalizing(Norm& norm, Pass pass, Tensor& src) override;

  struct Count {
    std::int64_t relus = 0;    // compared
    std::int64_t flipped = 0;  // of them, differing
  };
  // By stage ("stage1"), the first part of the layers' names.
  std::map<std::string, Count> counts() const;

 private:
  struct Kept {
    std::vector<bool> open;          // by stored element
    std::vector<std::uint8_t> mask;  // as the operation wrote it
    Count count;
  };

  // Of a layer that was recorded; logic_error for another.
  Kept& recorded(const Norm& norm);

  Task task_ = Task::record;
  std::map<const Norm*, Kept> kept_;
};

}  // namespace revnet
