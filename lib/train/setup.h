// From settings to the objects of a run.
#pragma once

#include <cstdint>

#include "net/network.h"
#include "record/config.h"
#include "train/communicator.h"

namespace revnet {

// The network that the settings describe: a named architecture, with what they change of it, or a custom one.
// UsageError where they do not fit together.
Architecture architecture(const Config& config);

// Settings left to be chosen ("auto", 0 threads, epochs) become what they stand for on this machine and with
// this data set. UsageError for a combination that cannot be, such as reconstructing a ResNet.
//
// The engine is fused, which is faster and keeps less memory, but not for direct convolutions, since the
// fused kernels are Winograd's, nor where this processor's activations do not lie in blocks of 8 or 16
// channels.
Config resolve(Config config);

// Of a resolved configuration:
// Images that one process computes at a time, of those that it is given to compute in a step.
std::int64_t images_at_a_time(const Config& config, std::int64_t given);
ActivationMode activation_mode(Config::Network::Activations activations);
NetworkOptions network_options(const Config& config);
// The same of one rank's shard of the batch. UsageError when there are more ranks than images in it, or
// micro-batches do not divide it. The communicator must outlive the network.
NetworkOptions network_options(const Config& config, Communicator& communicator);

}  // namespace revnet
