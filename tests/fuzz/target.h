// Fuzz targets: functions that give one input to one reader of outside bytes and hold its answer against what
// can be said without knowing the input.
//
// An answer is a result that is consistent in itself, or an Error of one printable line. Whatever else
// happens (another exception, a crash, a hang, a leak, a large allocation) is a finding. Two programs run
// them: libFuzzer under sanitizers (`make fuzz`), and replay.cpp, which also belongs to `make test`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace revnet::fuzz {

using Bytes = std::vector<std::uint8_t>;
using Input = std::span<const std::uint8_t>;

// Lets go of the input: it is a finding unless `holds`.
void require(bool holds, const char* what);

// Runs `read`. Whether it came to its end; an Error has to be one printable line, every other exception
// passes.
bool succeeds(const std::function<void()>& read);

// What became of damaged inputs whose right answer is known, over all child processes.
struct Tally {
  std::uint64_t refused = 0, harmless = 0;
};
Tally& tally();

// The input as text.
std::string text_of(Input input);

// A file that holds the input, for readers that want a path. Gone with the object. In memory it has no name
// of its own, which HDF5 asks for.
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

// Binary CIFAR files: the first two bytes choose format, number of records and whether the rest, the file, is
// repeated or cut to the length it should have.
void fuzz_cifar(Input input);
// A JPEG image; the first byte chooses the size it is decoded at.
void fuzz_jpeg(Input input);
// An experiment file, as revnet-train --config reads it.
void fuzz_config(Input input);
// An experiment file, as revnet-sweep reads it, and the jobs it names.
void fuzz_sweep(Input input);
// What Slurm's commands print; the first byte chooses the parser.
void fuzz_slurm(Input input);

}  // namespace revnet::fuzz
