// Facts about the machine and the process, for logs and limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace revnet {

std::string host_name();
// Now, as "2026-01-31T12:34:56Z".
std::string utc_time();
// "AMD EPYC 9654 96-Core Processor", or "unknown".
std::string cpu_name();
// The cores this process may use, in ascending order; its launcher or OMP_PLACES may have bound it to a
// subset. Throws Error if the affinity mask cannot be read.
std::vector<int> usable_cores();
// Lets the calling thread run on every usable core. A thread that does not belong to OpenMP needs this: it
// inherits the cores of the thread that starts it, which OMP_PROC_BIND or OMP_PLACES has bound to one place.
void run_on_usable_cores();
// The threads that a computation takes by default: one for each usable core, but no more than
// OMP_THREAD_LIMIT or the CPU quota of a control group allow.
int default_threads();
// The number of cores that are online.
int cores_of_host();
// How long the threads that are alive now have been ready to run but had no core, added up over the threads;
// 0 where the kernel does not count it.
double seconds_without_core();
// Current size of this process's address space in bytes; 0 if unknown.
std::uint64_t address_space_bytes();
// The largest resident set this process has ever had, in bytes.
std::uint64_t peak_resident_bytes();
// The width of the terminal that the file descriptor leads to; 0 if it leads elsewhere or the width is
// unknown.
std::size_t terminal_columns(int file);
// Path of this process's executable. Throws Error if it cannot be read from /proc.
std::filesystem::path program_path();
// Path of a script such as figures.py, searched for upwards from the folder of `program` so that it is found
// in an installation and in a build tree alike. Relative to the working directory where that is shorter; the
// bare name if the script is not found.
std::filesystem::path find_script(const std::filesystem::path& program, const char* name);

}  // namespace revnet
