// Linked into what is built with AddressSanitizer. Open MPI unloads its plug-ins before
// leaks are looked for, so what they left cannot be told from a leak of ours: a process that mpirun or srun
// has started is not searched. The same code runs in one process, which is.
#include <cstdlib>

extern "C" int __lsan_is_turned_off();

extern "C" int __lsan_is_turned_off() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr ? 1 : 0;
}
