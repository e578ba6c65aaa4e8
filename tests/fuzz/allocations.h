// What a program can see of its memory.
#pragma once

#include <cstddef>

namespace revnet::fuzz {

// From now on an allocation of more than 256 MiB is a finding, or no longer.
void limit_allocations(bool limited);

// What malloc has given out and not taken back; 0 under a sanitizer, which finds leaks itself.
std::size_t allocated_bytes();

}  // namespace revnet::fuzz
