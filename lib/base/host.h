// What is known of the machine and the process, for logs.
#pragma once

#include <cstdint>
#include <string>

namespace revnet {

std::string host_name();
// "AMD EPYC 9654 96-Core Processor", or "unknown".
std::string cpu_name();
// The most memory this process ever had resident, in bytes.
std::uint64_t peak_resident_bytes();
// Of revnet: "0.1.0".
std::string version();

}  // namespace revnet
