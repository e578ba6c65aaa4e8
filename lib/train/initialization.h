// A run that starts with the weights of another one.
#pragma once

#include <string>

#include "record/checkpoint.h"
#include "record/config.h"

namespace revnet {

struct Initialization {
  Checkpoint state;  // before the first iteration
  std::string text;  // what was done, in a line
};

// The state of a network that is `fresh`, with the weights and running averages of a checkpoint instead.
// Where that has other classes, the last layer is the fresh one. Whether everything else fits is not checked
// here: Trainer::restore() does. `file` stands for the checkpoint.
Initialization initialize_from(Checkpoint fresh, Checkpoint from, const std::string& file);

// Throws what starting with the checkpoint that training.initialize_from names would.
void check_initialization(const Config& config);

}  // namespace revnet
