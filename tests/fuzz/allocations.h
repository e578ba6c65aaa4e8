// Limits and counts the memory that the process allocates.
#pragma once

#include <cstddef>

namespace revnet::fuzz {

// Sets whether an allocation of more than 256 MiB is a finding.
void limit_allocations(bool limited);

// The bytes that are allocated and not freed. Always 0 under a sanitizer, which finds leaks itself.
std::size_t allocated_bytes();

}  // namespace revnet::fuzz
