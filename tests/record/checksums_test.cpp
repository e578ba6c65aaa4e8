// A file that has changed since it was written is never read as if it were intact. (Damage at random:
// tests/fuzz.)
#include "record/checksums.h"

#include <doctest/doctest.h>

#include "record/checkpoint.h"
#include "record/hdf5.h"
#include "support.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

Checkpoint sample_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.iteration = 500;
  checkpoint.progress = {{"seconds", 12.5}};
  checkpoint.config = "training:\n  batch: 100\n";
  checkpoint.parameters = {{"stem/conv/weight", {40, 3, 3, 3}, std::vector<float>(40 * 27, 0.25F)},
                           {"head/dense/bias", {10}, std::vector<float>(10, 1)}};
  checkpoint.momentum = checkpoint.parameters;
  checkpoint.running = {{"stem/bn", {1, 2}, {3, 4}}};
  return checkpoint;
}

std::string message_of(const std::filesystem::path& file) {
  try {
    read_checkpoint(file);
  } catch (const FileError& error) {
    CHECK(error.kind() == FileError::Kind::damaged);
    CHECK(is_one_line(error.what()));
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace

TEST_CASE("the changed array is named") {
  const TemporaryDirectory folder;
  const std::filesystem::path file = folder / "checkpoint.h5";
  write_checkpoint(file, sample_checkpoint());
  std::string bytes = read_file(file);
  const std::string quarter("\0\0\x80\x3e", 4);
  const std::size_t at = bytes.find(quarter + quarter + quarter);
  REQUIRE(at != std::string::npos);
  bytes[at + 402] ^= 1;
  write_file(file, bytes);
  CHECK(contains(message_of(file), "its bytes are not those that were written; /"));
  CHECK(contains(message_of(file), "/stem/conv/weight changed"));
}

TEST_CASE("a file without checksums is read, but not one whose checksums are cut short") {
  const TemporaryDirectory folder;
  const std::filesystem::path file = folder / "checkpoint.h5";
  write_checkpoint(file, sample_checkpoint());
  CHECK(hdf5::Reader(file).has_checksums());
  const std::string whole = read_file(file);
  write_file(file, whole.substr(0, whole.size() - 5));
  CHECK(contains(message_of(file), "its checksums are cut off or unreadable"));
  write_file(file, whole);
  { const RawFile changed_by_another_program(file); }
  CHECK_FALSE(hdf5::Reader(file).has_checksums());
  CHECK(read_checkpoint(file).parameters.size() == 2);
}

TEST_CASE("text with a checksum is refused when changed or cut short, and text without is not") {
  const std::string text = "training:\n  batch: 100\n", whole = with_checksum(text);
  CHECK(is_as_written(whole));
  CHECK(is_as_written(text));
  CHECK(is_as_written(""));
  for (std::size_t at = 1; at < whole.size(); ++at) {
    CAPTURE(at);
    std::string damaged = whole;
    damaged[at] ^= 1;
    CHECK_FALSE(is_as_written(damaged));
    CHECK_FALSE(is_as_written(whole.substr(0, at)));
  }
}
