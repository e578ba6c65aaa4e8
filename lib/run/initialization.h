// Initialization of a run with the weights of another run.
#pragma once

#include <string>

#include "record/checkpoint.h"
#include "settings/config.h"

namespace revnet {

struct Initialization {
  Checkpoint state;  // before the first iteration
  std::string text;  // a line for the text log
};

// Replaces the weights and running averages of a `fresh` state by those of a checkpoint. The last layer stays
// fresh if the number of classes differs. Trainer::restore() checks that everything else fits. `file` names
// the checkpoint in messages.
Initialization initialize_from(Checkpoint fresh, Checkpoint from, const std::string& file);

// Throws what starting with the checkpoint that training.initialize_from names would.
void check_initialization(const Config& config);

}  // namespace revnet
