// Fuzz targets: functions that give one input to one reader of outside bytes and check properties of the
// answer that hold for every input.
//
// An answer is a consistent result or an Error of one printable line. Anything else (another exception, a
// crash, a hang, a leak, a large allocation) is a finding. Two programs run the targets: libFuzzer with
// sanitizers in `make fuzz`, and replay.cpp, which is also part of `make test`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace revnet::fuzz {

using Bytes = std::vector<std::uint8_t>;
using Input = std::span<const std::uint8_t>;

// Aborts, which makes the input a finding, unless `holds`. `what` names the property.
void require(bool holds, const char* what);

// Runs `read` and returns whether it succeeded. Catches only Errors, which must be one printable line.
bool succeeds(const std::function<void()>& read);

// What became of damaged inputs whose right answer is known, over all child processes.
struct Tally {
  std::uint64_t refused = 0, harmless = 0;
};
Tally& tally();

// The input as text.
std::string text_of(Input input);

// A file that holds the input, for readers that take a path. The destructor removes it. HDF5 needs one on
// disk, because a file in memory has no name of its own.
class InputFile {
 public:
  enum class Where { memory, disk };
  explicit InputFile(Input input, Where where = Where::memory);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();
  const std::string& path() const { return path_; }

 private:
  Where where_;
  std::string path_;
  int descriptor_;
};

// Binary CIFAR files. The first two bytes choose the format, the number of records, and whether the rest,
// which is the file, is repeated or cut to the right length.
void fuzz_cifar(Input input);
// A JPEG image. The first byte chooses the scale at which it is decoded.
void fuzz_jpeg(Input input);
// An experiment file as revnet-train --config reads it.
void fuzz_config(Input input);
// An experiment file as revnet-sweep reads it, and the jobs that it names.
void fuzz_sweep(Input input);
// The output of Slurm's commands. The first byte chooses the parser.
void fuzz_slurm(Input input);

}  // namespace revnet::fuzz
