#include "record/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "base/error.h"
#include "support.h"
#include "system/file_error.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

Checkpoint sample() {
  Checkpoint checkpoint;
  checkpoint.iteration = 1234567890123;
  checkpoint.progress = {{"loss_sum", 0.1 + 0.2}, {"seconds", std::numeric_limits<double>::denorm_min()}};
  checkpoint.config = "training:\n  batch: 100\n";
  checkpoint.parameters = {{"stem/conv/weight", {2, 1, 1, 2}, {1, -2, 3, -4}},
                           {"stage1/unit1/f/conv1/weight", {1, 2, 1, 1}, {5, 6}},
                           {"head/dense/bias", {3}, {7, 8, 9}}};
  checkpoint.momentum = {{"head/dense/bias", {3}, {0.5F, 0.25F, 0.125F}}};
  checkpoint.average = {{"head/dense/bias", {3}, {0.75F, 6, 7}}};
  checkpoint.running = {{"stem/bn", {1, 2}, {3, 4}}, {"stage1/unit1/f/bn1", {5}, {6}}};
  return checkpoint;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> result;
  result.reserve(values.size());
  for (const float value : values) result.push_back(std::bit_cast<std::uint32_t>(value));
  return result;
}

FileError::Kind failure(const std::filesystem::path& path, const std::string& part = "") {
  try {
    read_checkpoint(path);
  } catch (const FileError& error) {
    CAPTURE(std::string(error.what()));
    CHECK(is_one_line(error.what()));
    CHECK(contains(error.what(), path.string()));
    CHECK(contains(error.what(), part));
    return error.kind();
  }
  FAIL("nothing was thrown");
  return FileError::Kind::io;
}

// As many numbers as ResNet-110 has, in as many arrays.
Checkpoint resnet110() {
  constexpr std::int64_t width = 41;  // 110 * 41 * 41 * 9 = 1.66 million
  const std::vector<float> weight(width * width * 9, 1.5F), channels(width);
  Checkpoint checkpoint;
  for (int layer = 1; layer <= 110; ++layer) {
    const std::string unit = "stage1/unit" + std::to_string(layer);
    const std::string convolution = unit + "/f/conv1/weight", norm = unit + "/f/bn1";
    for (auto* arrays : {&checkpoint.parameters, &checkpoint.momentum}) {
      arrays->push_back({convolution, {width, width, 3, 3}, weight});
      arrays->push_back({norm + "/scale", {width}, channels});
      arrays->push_back({norm + "/shift", {width}, channels});
    }
    checkpoint.running.push_back({norm, channels, channels});
  }
  return checkpoint;
}

}  // namespace

TEST_CASE("checkpoint.h5 holds what the design says") {
  TemporaryDirectory folder;
  write_checkpoint(folder / "checkpoint.h5", sample());
  const RawFile raw(folder / "checkpoint.h5");
  CHECK(raw.attribute<std::int64_t>("/", "format_version", H5T_STD_I64LE) == 1);
  CHECK(raw.attribute<std::int64_t>("/", "iteration", H5T_STD_I64LE) == 1234567890123);
  CHECK(raw.attribute<double>("/progress", "loss_sum", H5T_IEEE_F64LE) == 0.1 + 0.2);
  std::vector<hsize_t> shape;
  CHECK(raw.array<float>("/parameters/stem/conv/weight", H5T_IEEE_F32LE, &shape) ==
        std::vector<float>{1, -2, 3, -4});
  CHECK(shape == std::vector<hsize_t>{2, 1, 1, 2});
  CHECK(raw.array<float>("/parameters/stage1/unit1/f/conv1/weight", H5T_IEEE_F32LE) ==
        std::vector<float>{5, 6});
  CHECK(raw.array<float>("/momentum/head/dense/bias", H5T_IEEE_F32LE) ==
        std::vector<float>{0.5F, 0.25F, 0.125F});
  CHECK(raw.array<float>("/average/head/dense/bias", H5T_IEEE_F32LE) == std::vector<float>{0.75F, 6, 7});
  CHECK(raw.array<float>("/running/stem/bn/mean", H5T_IEEE_F32LE) == std::vector<float>{1, 2});
  CHECK(raw.array<float>("/running/stage1/unit1/f/bn1/variance", H5T_IEEE_F32LE) == std::vector<float>{6});
}

TEST_CASE("a checkpoint comes back, in the order of the names") {
  TemporaryDirectory folder;
  const Checkpoint original = sample();
  write_checkpoint(folder / "checkpoint.h5", original);
  const Checkpoint back = read_checkpoint(folder / "checkpoint.h5");
  CHECK(back.iteration == original.iteration);
  CHECK(back.progress == original.progress);
  CHECK(back.config == original.config);
  REQUIRE(back.parameters.size() == 3);
  CHECK(back.parameters[0] == original.parameters[2]);
  CHECK(back.parameters[1] == original.parameters[1]);
  CHECK(back.parameters[2] == original.parameters[0]);
  CHECK(back.momentum == original.momentum);
  CHECK(back.average == original.average);
  REQUIRE(back.running.size() == 2);
  CHECK(back.running[0] == original.running[1]);
  CHECK(back.running[1] == original.running[0]);
}

TEST_CASE("a checkpoint without an average, as earlier versions wrote them, is a whole one") {
  TemporaryDirectory folder;
  Checkpoint checkpoint = sample();
  checkpoint.average.clear();
  write_checkpoint(folder / "checkpoint.h5", checkpoint);
  CHECK_THROWS(RawFile(folder / "checkpoint.h5").array<float>("/average/head/dense/bias", H5T_IEEE_F32LE));
  CHECK(read_checkpoint(folder / "checkpoint.h5").average.empty());
  CHECK(read_checkpoint(folder / "checkpoint.h5").momentum == checkpoint.momentum);
}

TEST_CASE("all floating-point values come back bit for bit") {
  TemporaryDirectory folder;
  const std::vector<float> odd{0.0F,
                               -0.0F,
                               infinity,
                               -infinity,
                               std::numeric_limits<float>::denorm_min(),
                               -std::numeric_limits<float>::denorm_min(),
                               std::numeric_limits<float>::max(),
                               std::bit_cast<float>(0x7fc12345U),  // a NaN with a payload
                               std::nextafter(1.0F, 2.0F)};
  // Small and large arrays are stored differently.
  for (const std::size_t repeats : {std::size_t{1}, std::size_t{5000}}) {
    std::vector<float> values;
    for (std::size_t i = 0; i < repeats; ++i) values.insert(values.end(), odd.begin(), odd.end());
    Checkpoint checkpoint;
    checkpoint.progress = {{"negative_zero", -0.0}, {"nan", std::bit_cast<double>(0x7ff8000000012345U)}};
    checkpoint.parameters = {{"w", {static_cast<std::int64_t>(values.size())}, values}};
    checkpoint.running = {{"bn", values, values}};
    write_checkpoint(folder / "checkpoint.h5", checkpoint);
    const Checkpoint back = read_checkpoint(folder / "checkpoint.h5");
    CHECK(bits(back.parameters.at(0).values) == bits(values));
    CHECK(bits(back.running.at(0).mean) == bits(values));
    CHECK(bits(back.running.at(0).variance) == bits(values));
    for (const auto& [name, value] : checkpoint.progress) {
      CHECK(std::bit_cast<std::uint64_t>(back.progress.at(name)) == std::bit_cast<std::uint64_t>(value));
    }
  }
}

TEST_CASE("an empty checkpoint and empty arrays are whole checkpoints") {
  TemporaryDirectory folder;
  Checkpoint checkpoint;
  write_checkpoint(folder / "checkpoint.h5", checkpoint);
  CHECK(read_checkpoint(folder / "checkpoint.h5").parameters.empty());
  checkpoint.parameters = {{"none", {0, 3}, {}}, {"scalar", {}, {2}}};
  write_checkpoint(folder / "checkpoint.h5", checkpoint);
  CHECK(read_checkpoint(folder / "checkpoint.h5").parameters == checkpoint.parameters);
}

TEST_CASE("a checkpoint that contradicts itself is not written") {
  TemporaryDirectory folder;
  const auto refused = [&](const NamedArray& array) {
    Checkpoint checkpoint = sample();
    checkpoint.parameters.push_back(array);
    std::string message = message_of<Error>([&] { write_checkpoint(folder / "checkpoint.h5", checkpoint); });
    CHECK(std::filesystem::is_empty(folder.path()));
    return message;
  };
  CHECK(refused({"w", {2, 2}, {1}}) == "checkpoint: array 'w' has 1 values for a shape of 4");
  CHECK(refused({"w", {-1}, {}}) == "checkpoint: array 'w' has a negative size");
  CHECK(refused({"stem/conv/weight", {1}, {1}}) == "checkpoint: array 'stem/conv/weight' appears twice");
  for (const std::string name : {"", "/w", "w/", "a//b", "a/./b"}) {
    CHECK(refused({name, {1}, {1}}) == "checkpoint: array '" + name + "' has an impossible name");
  }
  CHECK(contains(refused({"stem/conv", {1}, {1}}), "/parameters/stem/conv"));  // a group already
  Checkpoint checkpoint;
  checkpoint.running = {{"bn", {1, 2}, {1}}};
  CHECK_THROWS_AS(write_checkpoint(folder / "checkpoint.h5", checkpoint), Error);
}

TEST_CASE("a truncated or garbage checkpoint gives a one-line error") {
  TemporaryDirectory folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  CHECK(failure(path, "No such file or directory") == FileError::Kind::missing);
  write_checkpoint(path, sample());
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 40) {
    CAPTURE(size);
    write_file(path, whole.substr(0, size));
    CHECK(failure(path) == FileError::Kind::damaged);
  }
  write_file(path, whole.substr(0, whole.size() / 2));
  CHECK(failure(path, "not a whole HDF5 file") == FileError::Kind::damaged);
  write_file(path, "garbage" + whole.substr(7));
  CHECK(failure(path) == FileError::Kind::damaged);
  // The right length, but the second half never reached the disk.
  write_file(path, whole.substr(0, whole.size() / 2) + std::string(whole.size() - whole.size() / 2, '\0'));
  CHECK(failure(path) == FileError::Kind::damaged);
}

TEST_CASE("missing groups, wrong types, wrong ranks and newer formats are named") {
  TemporaryDirectory folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  const auto spoiled = [&](const std::string& part, const auto& spoil) {
    write_checkpoint(path, sample());
    {
      RawFile raw(path);
      spoil(raw);
    }
    return failure(path, part);
  };
  const auto damaged = FileError::Kind::damaged;
  for (const char* name :
       {"/parameters", "/momentum", "/running", "/progress", "/config", "/running/stem/bn/variance"}) {
    CHECK(spoiled(std::string(name) + " is missing", [&](RawFile& raw) { raw.remove(name); }) == damaged);
  }
  CHECK(spoiled("/parameters/w is not of type float32",
                [](RawFile& raw) { raw.make_array("/parameters/w", H5T_IEEE_F64LE, {2}); }) == damaged);
  CHECK(spoiled("/running/stem/bn/mean has rank 2, not 1", [](RawFile& raw) {
          raw.remove("/running/stem/bn/mean");
          raw.make_array("/running/stem/bn/mean", H5T_IEEE_F32LE, {1, 2});
        }) == damaged);
  CHECK(spoiled("different number", [](RawFile& raw) {
          raw.remove("/running/stem/bn/mean");
          raw.make_array("/running/stem/bn/mean", H5T_IEEE_F32LE, {3});
        }) == damaged);
  CHECK(spoiled("neither a mean nor a variance", [](RawFile& raw) {
          raw.make_array("/running/stem/bn/count", H5T_IEEE_F32LE, {1});
        }) == damaged);
  CHECK(spoiled("claims to be larger than the whole file", [](RawFile& raw) {
          raw.make_array("/momentum/huge", H5T_IEEE_F32LE, {hsize_t{1} << 50});
        }) == damaged);
  CHECK(spoiled("holds no checkpoint", [](RawFile& raw) { raw.remove_attribute("iteration"); }) == damaged);
  CHECK(spoiled("attribute iteration is not of type int64",
                [](RawFile& raw) { raw.set_attribute("iteration", H5T_IEEE_F64LE, 1.0); }) == damaged);
  CHECK(spoiled("is negative", [](RawFile& raw) {
          raw.set_attribute("iteration", H5T_STD_I64LE, std::int64_t{-1});
        }) == damaged);
  CHECK(spoiled("format version 2, newer than this program's 1; use a newer revnet", [](RawFile& raw) {
          raw.set_attribute("format_version", H5T_STD_I64LE, std::int64_t{2});
        }) == FileError::Kind::newer_format);
  CHECK(spoiled("nested too deeply", [](RawFile& raw) {
          H5Lcreate_hard(raw.id(), "/parameters/stem", raw.id(), "/parameters/stem/again", H5P_DEFAULT,
                         H5P_DEFAULT);
        }) == damaged);
}

TEST_CASE("a failing write leaves the old checkpoint whole and no temporary file") {
  TemporaryDirectory folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  write_checkpoint(path, sample());
  Checkpoint next = sample();
  next.iteration = 5;

  std::filesystem::create_directory(folder / "checkpoint.h5.tmp");
  CHECK(contains(message_of<FileError>([&] { write_checkpoint(path, next); }),
                 "checkpoint.h5.tmp: Is a directory; it is a folder: name a file, or move it away"));
  CHECK(read_checkpoint(path).iteration == sample().iteration);
  std::filesystem::remove(folder / "checkpoint.h5.tmp");

  // With a folder in the file's place, the temporary file is written but the rename fails.
  std::filesystem::create_directory(folder / "taken.h5");
  CHECK(contains(message_of<FileError>([&] { write_checkpoint(folder / "taken.h5", next); }), "taken.h5"));
  CHECK_FALSE(std::filesystem::exists(folder / "taken.h5.tmp"));

  CHECK(contains(message_of<FileError>([&] { write_checkpoint(folder / "none" / "c.h5", next); }),
                 "No such file or directory; check the path"));

  write_file(folder / "checkpoint.h5.tmp", "stale");
  write_checkpoint(path, next);
  CHECK(read_checkpoint(path).iteration == 5);
  CHECK_FALSE(std::filesystem::exists(folder / "checkpoint.h5.tmp"));
}

TEST_CASE("a checkpoint as large as ResNet-110's comes back unchanged") {
  const TemporaryDirectory folder;
  const Checkpoint checkpoint = resnet110();
  write_checkpoint(folder / "checkpoint.h5", checkpoint);
  const Checkpoint read = read_checkpoint(folder / "checkpoint.h5");
  const auto sorted = [](std::vector<NamedArray> arrays) {
    std::ranges::sort(arrays, {}, &NamedArray::name);
    return arrays;
  };
  CHECK(read.parameters == sorted(checkpoint.parameters));
  CHECK(read.momentum == sorted(checkpoint.momentum));
}
