// Reading a file in a process of its own before reading it here. Internal to lib/record.
//
// HDF5 trusts the bytes of a file: of one with a few damaged bytes in a hundred it crashes, never comes back
// or asks for all memory there is (1.10.8, tests/fuzz). A child process with this one's memory takes the same
// steps that this one is going to, so what it has survived is safe here.
#pragma once

#include <filesystem>
#include <functional>

namespace revnet {

// Runs `read` in a child process and forgets what it read. RecordError when it throws one there, with the
// same message; of kind damaged when it crashes, computes for more than `seconds` and a second for every 16
// MiB, or wants a gigabyte and four times the file; of kind io when there can be no child process.
void rehearse(const std::filesystem::path& file, const std::function<void()>& read, unsigned seconds = 10);

}  // namespace revnet
