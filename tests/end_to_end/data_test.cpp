// Data sets in CIFAR's format: full-size files of made-up images, and the errors for missing or bad files.
#include <algorithm>
#include <csignal>
#include <fstream>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t image_bytes = 3072;

// Writes records of `label_bytes` labels and an image. Images are runs of 64 equal pseudo-random bytes,
// because these are quick to write.
void write_records(const fs::path& file, std::size_t count, std::size_t label_bytes, int classes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  std::string record(label_bytes + image_bytes, '\0');
  std::uint32_t state = 12345;
  for (std::size_t r = 0; r < count; ++r) {
    if (label_bytes == 2) record[0] = static_cast<char>(r % 20);
    record[label_bytes - 1] = static_cast<char>(r % static_cast<std::size_t>(classes));
    for (std::size_t at = label_bytes; at < record.size(); at += 64) {
      state = state * 1664525 + 1013904223;
      std::fill_n(record.begin() + static_cast<std::ptrdiff_t>(at), 64, static_cast<char>(state >> 24));
    }
    out.write(record.data(), static_cast<std::streamsize>(record.size()));
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

// Makes a sparse file of the right length, which takes no space on the disk.
void write_zeros(const fs::path& file, std::uintmax_t bytes) {
  fs::create_directories(file.parent_path());
  write_file(file, "");
  fs::resize_file(file, bytes);
}

void put_byte(const fs::path& file, std::streamoff at, char value) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(at);
  out.put(value);
  if (!out.flush()) throw std::runtime_error("cannot change " + file.string());
}

// Requires that a training fails with exit code 1 and one line, and begins no run. Returns the line.
std::string data_error(const TemporaryDirectory& folder, const Arguments& more = {}) {
  const Outcome outcome =
      train(folder.path(), join({"cifar10", "--arch", "resnet32", "--run-dir", "run", "--data-dir", "data",
                                 "--iterations", "1", "--batch", "10"},
                                more));
  CHECK_MESSAGE(outcome.exit_code == 1, outcome.text());
  CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
  CHECK(outcome.out.empty());
  CHECK_FALSE(fs::exists(folder / "run"));
  return outcome.err;
}

}  // namespace

TEST_CASE("a network for a hundred classes trains on CIFAR-100 files") {
  TemporaryDirectory folder;
  write_records(folder / "sets/cifar-100-binary/train.bin", 50'000, 2, 100);
  write_records(folder / "sets/cifar-100-binary/test.bin", 10'000, 2, 100);
  // The final evaluation of 10,000 images would take most of the time, so the run is stopped before it.
  Process process("revnet-train", folder.path(),
                  {"cifar100", "--arch", "revnet38", "--iterations", "1000", "--batch", "10", "--set",
                   "log.every=1", "--run-dir", "run", "--checkpoint-every", "1", "--eval-every", "0"},
                  {{"REVNET_DATA", (folder / "sets").string()}});
  const bool running = process.reaches([&] { return saved_iterations(folder / "run") >= 2; });
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  REQUIRE_MESSAGE(running, outcome.text());
  CHECK_MESSAGE(outcome.exit_code == 3, outcome.text());
  const Checkpoint checkpoint = open_checkpoint(folder / "run");
  const auto dense = std::find_if(checkpoint.parameters.begin(), checkpoint.parameters.end(),
                                  [](const NamedArray& array) { return array.name == "head/dense/weight"; });
  REQUIRE(dense != checkpoint.parameters.end());
  CHECK(dense->shape == std::vector<std::int64_t>{100, 112});
  // An untrained network guesses among a hundred classes, and log(100) is 4.6.
  const RunLog log = open_log(folder / "run");
  CHECK(log.train().at(0).cross_entropy > 3);
  CHECK(log.train().at(0).cross_entropy < 20);
  CHECK(open_config(folder / "run").dataset.directory == (folder / "sets").string());
  // It was trained on the images that a validation set holds out.
  const Outcome refused =
      train(folder.path(), {"--run-dir", "run", "--evaluate", "--validation", "--threads", "1"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "dataset.validation: this network was trained on these images"));
}

TEST_CASE("the error for a missing data set names its folder and how to get it") {
  TemporaryDirectory folder;
  const std::string message = data_error(folder);
  CHECK(contains(message, "data/cifar-10-batches-bin"));
  CHECK(contains(message, "scripts/download-data"));
}

TEST_CASE("revnet-data check goes on after a bad file of CIFAR") {
  TemporaryDirectory folder;
  write_zeros(folder / "data/cifar-10-batches-bin/data_batch_2.bin", 30'730'000);
  write_zeros(folder / "data/cifar-10-batches-bin/test_batch.bin", 30'730'000 - 1);
  const Outcome checked = run("revnet-data", folder.path(), {"check", "data"});
  CHECK(checked.exit_code == 1);
  CHECK(contains(checked.out, "data_batch_1.bin: no such file"));
  CHECK(contains(checked.out, "test_batch.bin: truncated"));
  CHECK(contains(checked.out, "10000 intact images of CIFAR, 6 files: 5 damaged"));
}

TEST_CASE("a label out of range gives one line of error") {
  TemporaryDirectory folder;
  write_zeros(folder / "data/cifar-10-batches-bin/data_batch_1.bin", 30'730'000);
  put_byte(folder / "data/cifar-10-batches-bin/data_batch_1.bin", 7 * 3073, 10);
  const std::string message = data_error(folder);
  CHECK(contains(message, "data_batch_1.bin"));
  CHECK(contains(message, "record 7"));
}
