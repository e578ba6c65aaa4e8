// A network's state as plain arrays, whatever the layouts inside, and back.
#pragma once

#include <vector>

#include "net/network.h"
#include "record/checkpoint.h"

namespace revnet {

// By name, [out, in, kh, kw] and so on; parts of one name are joined. On a planning device, whose tensors
// have no values, all are 0.
std::vector<NamedArray> export_values(const Network& network);
std::vector<NamedArray> export_momentum(const Network& network);
// Empty where parameters have none.
std::vector<NamedArray> export_average(const Network& network);
std::vector<NamedArray> export_gradients(const Network& network);
std::vector<RunningAverage> export_running(const Network& network);
// All of them but gradients, as before the first iteration.
Checkpoint export_state(const Network& network);

// Sets values, momentum and running averages, and the averages of parameters that have one. Error, naming the
// array, when one is missing, left over or of another shape than this network's; the network is then
// unchanged, as it always is on a planning device. `origin` opens the message.
void import_state(Network& network, const Checkpoint& checkpoint, const std::string& origin);

}  // namespace revnet
