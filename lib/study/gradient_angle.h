// Compares the gradients of one batch computed with stored and with reconstructed activations, at the same
// weights.
//
// Measuring changes neither parameters nor running averages: training continues bit for bit as without it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "record/checkpoint.h"
#include "study/relu_masks.h"
#include "study/vector_distance.h"
#include "train/trainer.h"

namespace revnet {

// Throws UsageError for a network without reversible units, which has nothing to compare.
void require_reversible(const Architecture& architecture);

struct GradientAngle {
  double cross_entropy = 0;  // mean over the batch
  // Stored against reconstructed gradients: all parameters together, by unit ("stem", "stage1/unit2", "head")
  // and by stage ("stem", "stage1", "head").
  VectorDistance all;
  std::map<std::string, VectorDistance> units, stages;
  // The same with reconstruction forced to open exactly the ReLUs of the stored computation: the part of the
  // difference that is not due to flipped ReLUs.
  VectorDistance all_forced;
  std::map<std::string, VectorDistance> stages_forced;
  // How many ReLUs the two computations compared and how many differed, by stage.
  std::map<std::string, ReluMasks::Count> relus;
  // The reconstructed input of each stage's first reversible unit, compared with the original, by stage.
  std::map<std::string, VectorDistance> reconstruction;
};

// The gradients by parameter, with parts of one name joined.
using Gradient = std::vector<NamedArray>;

class AngleMeter {
 public:
  // Throws UsageError if the trainer's network is not reversible. The trainer must outlive the meter.
  explicit AngleMeter(Trainer& trainer);

  // Measures on the batch that the trainer fetched last, in three backward passes. Afterwards the network
  // keeps activations as before; the gradients of its parameters are overwritten. All ranks of a training
  // measure together: gradients and counts are those of the whole batch, reconstruction errors those of the
  // rank's own shard.
  GradientAngle measure();

  const Gradient& stored() const { return stored_; }
  const Gradient& reconstructed() const { return reconstructed_; }

 private:
  Gradient gradient(ActivationMode mode);
  std::map<std::string, ReluMasks::Count> counts_of_all_ranks();

  Trainer& trainer_;
  Network& network_;
  ReluMasks masks_;
  double cross_entropy_ = 0;
  Gradient stored_, reconstructed_;
};

}  // namespace revnet
