#include "train/agreement.h"

#include <bit>

#include <fmt/format.h>

#include "base/text.h"
#include "base/version.h"

namespace revnet {
namespace {

// Calls fn(values) for every array that training changes.
template <class Fn>
void each_state(const Network& network, Fn fn) {
  for (Parameter* parameter : network.parameters()) {
    fn(parameter->value.values());
    fn(parameter->momentum.values());
    if (!parameter->average.empty()) fn(parameter->average.values());
  }
  for (Norm* norm : network.norms()) {
    fn(norm->running().mean.values());
    fn(norm->running().variance.values());
  }
}

// FNV-1a, a float at a time.
std::uint64_t fingerprint(const Network& network) {
  std::uint64_t hash = 0xcbf29ce484222325;
  each_state(network, [&](std::span<const float> values) {
    for (const float value : values) hash = (hash ^ std::bit_cast<std::uint32_t>(value)) * 0x100000001b3;
  });
  return hash;
}

// Lists the ranks whose text differs from rank 0's, as in "rank 2, rank 3"; empty if all agree.
std::string dissenters(const std::vector<std::string>& texts) {
  std::vector<std::string> ranks;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] != texts.front()) ranks.push_back(fmt::format("rank {}", i));
  }
  return join(ranks);
}

}  // namespace

void broadcast_state(Communicator& communicator, Network& network) {
  if (communicator.ranks() == 1) return;
  each_state(network,
             [&](std::span<float> values) { communicator.broadcast(std::as_writable_bytes(values)); });
  network.parameters_changed();
}

void check_equal_state(Communicator& communicator, const Network& network) {
  if (communicator.ranks() == 1) return;
  const std::string others = dissenters(communicator.gather(fmt::to_string(fingerprint(network))));
  if (others.empty()) return;
  throw AgreedError(
      others +
          ": the weights no longer equal those of rank 0, so no checkpoint is written; look for "
          "a faulty machine and continue from the last checkpoint with --resume",
      ExitCode::failed);
}

void check_equal_start(Communicator& communicator, const Device& device, const std::string& settings) {
  if (communicator.ranks() == 1) return;
  const std::int64_t block = device.activation_block();
  const std::vector<std::string> machines = communicator.gather(fmt::format(
      "revnet {} ({}), oneDNN {}, channels in blocks of {}", version(), revision(), onednn_version(), block));
  const std::string unlike = dissenters(machines);
  if (!unlike.empty()) {
    throw AgreedError(fmt::format("{}: not the software of rank 0, or another kind of processor ({}); use "
                                  "nodes of one kind and one installation of revnet",
                                  unlike, machines.front()),
                      ExitCode::failed);
  }
  const std::string odd = dissenters(communicator.gather(settings));
  if (!odd.empty()) {
    throw AgreedError(odd +
                          ": the settings or images differ from those of rank 0; give all ranks the same "
                          "options, files, environment and images",
                      ExitCode::usage);
  }
}

}  // namespace revnet
