// Conversion of a network's state to plain row-major arrays and back.
#pragma once

#include <vector>

#include "net/network.h"
#include "record/checkpoint.h"

namespace revnet {

// Return arrays by name, with shapes such as [out, in, kh, kw]; parts that share a name are joined. On a
// planning device, whose tensors have no values, all are 0.
std::vector<NamedArray> export_values(const Network& network);
std::vector<NamedArray> export_momentum(const Network& network);
// Returns no arrays if the network keeps no averages of its weights.
std::vector<NamedArray> export_average(const Network& network);
std::vector<NamedArray> export_gradients(const Network& network);
std::vector<RunningAverage> export_running(const Network& network);
// All of them but gradients, as before the first iteration.
Checkpoint export_state(const Network& network);

// Sets values, momentum, running averages and, if kept, averages of the weights. Throws an Error that names
// the array if one is missing, left over or of another shape than the network's; the network is then
// unchanged, as it always is on a planning device. The message begins with `origin`.
void import_state(Network& network, const Checkpoint& checkpoint, const std::string& origin);

}  // namespace revnet
