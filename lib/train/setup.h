// Construction of a run's objects from its settings.
#pragma once

#include <cstdint>

#include "net/network.h"
#include "ranks/communicator.h"
#include "settings/config.h"

namespace revnet {

// Returns the network that the settings describe: a named architecture with their changes, or a custom one.
// Throws UsageError if they contradict each other.
Architecture architecture(const Config& config);

// Replaces settings that are left open ("auto", 0 threads, epochs) by their values for this machine and data
// set. Throws UsageError for an impossible combination, such as reconstructing a ResNet.
//
// An automatic engine becomes fused, which is faster and takes less memory, with two exceptions: direct
// convolutions, because the fused kernels use Winograd's method, and processors without AVX2, or on which
// activations do not lie in blocks of 8 or 16 channels.
Config resolve(Config config);

// Replaces the data set by one that needs no files: the synthetic set for images of 32 x 32 pixels in 10
// classes; for others, photographs whose size and number of classes are filled in (from the network where
// they are 0), so that resolve() looks for no folders.
Config for_measuring(Config config);

// The following functions expect a resolved configuration.
// Throws UsageError if a training on so many ranks could learn nothing: with a single class, or with batch
// normalization over a single value; or if the batch cannot be divided among them.
void check_can_learn(const Config& config, int ranks);
// Returns how many images a process computes at a time of those `given` to it for a step.
std::int64_t images_at_a_time(const Config& config, std::int64_t given);
ActivationMode activation_mode(Config::Network::Activations activations);
// Returns the options for one rank's shard of the batch. Throws UsageError if there are more ranks than
// images in the batch, or if micro-batches do not divide it. The communicator must outlive the network.
NetworkOptions network_options(const Config& config, Communicator& communicator = single_process());

}  // namespace revnet
