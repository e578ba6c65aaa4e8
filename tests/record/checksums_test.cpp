// A file that has changed since it was written is never read as if it were intact.
#include "record/checksums.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "base/random.h"
#include "record/checkpoint.h"
#include "record/hdf5.h"
#include "record/run_log.h"
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

RunLog sample_log(const std::filesystem::path& file) {
  RunInfo info;
  info.command = "revnet-train cifar10";
  RunLog log = RunLog::create(file, info);
  for (int row = 1; row <= 50; ++row) log.append(TrainRow{10 * row, 2.3, 90, 0.1, 1.5 * row});
  return log;
}

std::string message_of(const std::filesystem::path& file) {
  try {
    read_checkpoint(file);
  } catch (const RecordError& error) {
    CHECK(error.kind() == RecordError::Kind::damaged);
    CHECK(is_one_line(error.what()));
    return error.what();
  }
  return "(nothing was thrown)";
}

// Flips one bit of the file at a time, as often as REVNET_TORTURE_FLIPS says. `read` returns whether the
// result is what was written. No change may go unnoticed.
template <typename Read>
void check_flips(const std::filesystem::path& file, const Read& read) {
  const char* asked = std::getenv("REVNET_TORTURE_FLIPS");
  const int flips = asked != nullptr ? std::atoi(asked) : 60;
  const std::string whole = read_file(file);
  RandomStream random(1, Purpose::shuffle, 0, 0);
  int refused = 0;
  for (int i = 0; i < flips; ++i) {
    const std::uint64_t bit = random.next_u64() % (8 * whole.size());
    CAPTURE(bit);
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    write_file(file, damaged);
    try {
      const bool same = read(file);
      CHECK(same);
    } catch (const RecordError& error) {
      CHECK(error.kind() == RecordError::Kind::damaged);
      ++refused;
    }
  }
  CHECK(refused == flips);
}

}  // namespace

TEST_CASE("no flipped bit of a checkpoint goes unnoticed") {
  const TemporaryDirectory folder;
  write_checkpoint(folder / "checkpoint.h5", sample_checkpoint());
  const Checkpoint written = read_checkpoint(folder / "checkpoint.h5");
  check_flips(folder / "checkpoint.h5", [&](const auto& file) {
    const Checkpoint read = read_checkpoint(file);
    return read.parameters == written.parameters && read.momentum == written.momentum &&
           read.running == written.running && read.iteration == written.iteration;
  });
}

TEST_CASE("no flipped bit of a run log goes unnoticed") {
  const TemporaryDirectory folder;
  sample_log(folder / "run.h5").save(false);
  const RunLog written = RunLog::open(folder / "run.h5");
  check_flips(folder / "run.h5",
              [&](const auto& file) { return RunLog::open(file).train() == written.train(); });
}

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
