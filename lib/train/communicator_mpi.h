// Ranks over MPI. In builds that have it.
#pragma once

#include "train/communicator.h"

namespace revnet {

// Starts MPI. Error when it does not see as many ranks as were launched. One at a time.
std::unique_ptr<Communicator> make_mpi_communicator(const Launch& launch);

}  // namespace revnet
