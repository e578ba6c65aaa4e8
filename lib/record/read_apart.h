// Reads a file in a process of its own, which hands over the result.
//
// HDF5 trusts the bytes of a file. Of files with a few damaged bytes, one in a hundred makes it crash, loop
// for ever, ask for all memory, or write out of bounds and continue (1.10.8; tests/fuzz). None of that
// reaches this process, which sees plain bytes only.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "record/pack.h"

namespace revnet {

// Returns what `read` returns in a child process. Rethrows a FileError from there with the same message.
// Throws FileError of kind damaged if the child crashes, computes for more than `seconds` plus a second for
// every 16 MiB, or needs more than a gigabyte plus four times the file's size; of kind io if no child can be
// started.
std::string read_apart(const std::filesystem::path& file, const std::function<std::string()>& read,
                       unsigned seconds = 10);

// The same for a type that Packer supports; `value` is what the result is unpacked into.
template <class T, class Read>
T read_value_apart(const std::filesystem::path& file, T value, const Read& read) {
  const std::string bytes = read_apart(file, [&] {
    T there = read();
    Packer pack;
    pack(there);
    return pack.take();
  });
  Unpacker unpack(bytes, file);
  unpack(value);
  return value;
}

}  // namespace revnet
