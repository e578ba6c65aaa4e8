// The gradient of one batch computed with stored and with reconstructed activations, on the same weights, and
// how far apart the two are.
//
// Measuring changes neither parameters nor running averages: the training goes on bit for bit as without it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "record/checkpoint.h"
#include "study/comparison.h"
#include "study/relu_masks.h"
#include "train/trainer.h"

namespace revnet {

// UsageError for a network without reversible units, which has nothing to compare.
void require_reversible(const Architecture& architecture);

struct GradientAngle {
  double cross_entropy = 0;  // of the batch, mean
  // Stored against reconstructed, over all parameters, by unit ("stem", "stage1/unit2", "head") and by stage
  // ("stage1").
  Comparison all;
  std::map<std::string, Comparison> units, stages;
  // The same where the reconstruction had to open and close the ReLUs as the stored computation did: the part
  // of the difference that is not due to flipped ReLUs.
  Comparison all_forced;
  std::map<std::string, Comparison> stages_forced;
  // ReLUs in which the two computations differed, by stage.
  std::map<std::string, ReluMasks::Count> relus;
  // What reconstruction made of the input of each stage's first reversible unit, against that input, by
  // stage.
  std::map<std::string, Comparison> reconstruction;
};

// A gradient by parameter, parts of one name joined.
using Gradient = std::vector<NamedArray>;

class AngleMeter {
 public:
  // Its network must be reversible: UsageError. It must outlive this.
  explicit AngleMeter(Trainer& trainer);

  // Of the batch that the trainer fetched last, in three backward passes. The network keeps its activations
  // afterwards as before; its parameters' gradients are overwritten. All ranks of a training measure
  // together: gradients and counts are those of the whole batch, the reconstruction is that of the rank's own
  // shard.
  GradientAngle measure();

  // Of the last measurement.
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
