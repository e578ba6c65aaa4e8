// What is known of the machine and the process, for logs.
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
// The cores that this process may use, ascending: a launcher or OMP_PLACES may have bound it to some. Error
// when the system does not tell.
std::vector<int> usable_cores();
// All that are there.
int cores_of_host();
// What this process has of address space now, in bytes; 0 when the system does not tell.
std::uint64_t address_space_bytes();
// The most memory this process ever had resident, in bytes.
std::uint64_t peak_resident_bytes();
// The file this process was started from. Error when the system does not tell.
std::filesystem::path program_path();
// Where figures.py lies, seen from the folder this process is in: installed or in a build, it is found from
// the program's folder. By its name alone where it is not there.
std::filesystem::path figures_script(const std::filesystem::path& program);

}  // namespace revnet
