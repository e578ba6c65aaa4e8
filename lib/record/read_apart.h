// Reading a file in a process of its own, which hands over what it read.
//
// HDF5 trusts the bytes of a file: of those with a few damaged bytes, one in a hundred makes it crash, never
// come back, ask for all memory there is, or write where it must not and go on (1.10.8; tests/fuzz). None of
// that reaches this process, which sees plain bytes only.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "record/pack.h"

namespace revnet {

// What `read` returned in a child process. RecordError when it threw one there, with the same message; of
// kind damaged when it crashed, computed for more than `seconds` and a second for every 16 MiB, or wanted a
// gigabyte and four times the file; of kind io when there can be no child process.
std::string read_apart(const std::filesystem::path& file, const std::function<std::string()>& read,
                       unsigned seconds = 10);

// The same for a value that a Packer knows; `value` is what it is unpacked into.
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
