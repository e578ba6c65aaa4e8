// Communication between ranks over MPI, in builds that have it.
#pragma once

#include "ranks/communicator.h"

namespace revnet {

// Starts MPI. Throws an Error if MPI sees another number of ranks than the launcher started. At most one
// communicator may exist at a time.
std::unique_ptr<Communicator> make_mpi_communicator(const Launch& launch);

}  // namespace revnet
