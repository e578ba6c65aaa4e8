#include "data/cifar.h"

#include <functional>
#include <optional>
#include <span>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/crc32.h"
#include "data/cifar_files.h"
#include "files.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryDirectory;
using testing::write_file;

// What messages say about files that cannot be used.
constexpr const char *missing = "no such file", *empty = "the file is empty",
                     *truncated = "truncated: ", *oversized = "too long: ", *no_file = "not a regular file",
                     *out_of_range = "(counted from 0) has ";

// Runs `read`, which must throw a one-line DataError with this problem of this file. Returns the message.
std::string expect_error(const std::string& problem, const fs::path& file,
                         const std::function<void()>& read) {
  std::optional<DataError> caught;
  try {
    read();
  } catch (const DataError& error) {
    caught = error;
  }
  REQUIRE(caught.has_value());
  CHECK(caught->exit_code() == ExitCode::failed);
  std::string message = caught->what();
  CHECK(message.starts_with(file.string() + ": "));
  CHECK_MESSAGE(message.find(problem) != std::string::npos, message);
  CHECK(message.find('\n') == std::string::npos);
  return message;
}

void check_records(const Dataset& set, std::size_t count, int classes) {
  REQUIRE(set.size() == count);
  REQUIRE(set.images.size() == count * cifar_bytes);
  std::size_t wrong = 0;
  for (std::size_t r = 0; r < count; ++r) {
    wrong += set.labels[r] != expected_label(r, classes);
    for (std::size_t k = 0; k < cifar_bytes; ++k) wrong += set.image(r)[k] != expected_byte(r, k);
  }
  CHECK(wrong == 0);
}

struct Small {
  TemporaryDirectory directory;
  fs::path file = directory.path() / "batch.bin";
  std::string ten = cifar_records(4, 10, 0);
  std::string hundred = cifar_records(4, 100, 20);

  std::string expect10(const std::string& problem) const {
    return expect_error(problem, file, [&] { read_cifar_file(file, cifar10_format, 4); });
  }
  std::string expect100(const std::string& problem) const {
    return expect_error(problem, file, [&] { read_cifar_file(file, cifar100_format, 4); });
  }
};

TEST_CASE_FIXTURE(Small, "a CIFAR-10 file reads back") {
  write_file(file, ten);
  const Dataset set = read_cifar_file(file, cifar10_format, 4);
  CHECK(set.name == "cifar10");
  CHECK(set.classes == 10);
  check_records(set, 4, 10);
}

TEST_CASE_FIXTURE(Small, "a CIFAR-100 file reads back with its fine labels as labels") {
  write_file(file, hundred);
  const Dataset set = read_cifar_file(file, cifar100_format, 4);
  CHECK(set.name == "cifar100");
  CHECK(set.classes == 100);
  check_records(set, 4, 100);
}

TEST_CASE_FIXTURE(Small, "a missing file is named") {
  CHECK(expect10(missing).find("scripts/download-data cifar10 " + directory.path().parent_path().string() +
                               " ") != std::string::npos);
  CHECK(expect100(missing).find("scripts/download-data cifar100") != std::string::npos);
}

TEST_CASE_FIXTURE(Small, "an empty file is named") {
  write_file(file, {});
  expect10(empty);
  expect100(empty);
}

TEST_CASE_FIXTURE(Small, "a file with a byte too few is truncated") {
  ten.pop_back();
  write_file(file, ten);
  CHECK(expect10(truncated).find("12291 bytes, expected 12292") != std::string::npos);
  hundred.pop_back();
  write_file(file, hundred);
  expect100(truncated);
}

TEST_CASE_FIXTURE(Small, "a file with a byte too many is oversized") {
  ten.push_back(0);
  write_file(file, ten);
  CHECK(expect10(oversized).find("12293 bytes, expected 12292") != std::string::npos);
  hundred.push_back(0);
  write_file(file, hundred);
  expect100(oversized);
}

TEST_CASE_FIXTURE(Small, "a file that is not what the checksums beside it say is named") {
  const auto list = [&](std::uint32_t checksum) {
    const std::string line = fmt::format("{:08x} {}\n", checksum, file.filename().string());
    write_file(file.parent_path() / "crc32", "00000000 other.bin\n" + line);
  };
  write_file(file, ten);
  list(crc32(std::as_bytes(std::span(ten))));
  CHECK(read_cifar_file(file, cifar10_format, 4).size() == 4);
  list(crc32(std::as_bytes(std::span(hundred))));
  CHECK(expect10("its bytes are not those").find("its bytes are not those that crc32 lists") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Small, "a whole record too few or too many is an error") {
  write_file(file, ten);
  expect_error(truncated, file, [&] { read_cifar_file(file, cifar10_format, 5); });
  expect_error(oversized, file, [&] { read_cifar_file(file, cifar10_format, 3); });
}

TEST_CASE_FIXTURE(Small, "a file of the other set is refused") {
  write_file(file, hundred);
  expect10(oversized);
  write_file(file, ten);
  expect100(truncated);
}

TEST_CASE_FIXTURE(Small, "a folder in place of a file is unreadable") {
  fs::create_directories(file);
  expect10(no_file);
  expect100(no_file);
}

TEST_CASE_FIXTURE(Small, "a file without read permission is unreadable") {
  write_file(file, ten);
  fs::permissions(file, fs::perms::none);
  fs::permissions(directory.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  const struct Restore {
    uid_t id = geteuid();
    ~Restore() { CHECK(seteuid(id) == 0); }
  } me;
  REQUIRE((me.id != 0 || seteuid(65534) == 0));  // root may read every file, nobody may not
  expect10("check the permissions of the file");
}

TEST_CASE_FIXTURE(Small, "a path through a file is missing") {
  write_file(directory.path() / "plain", ten);
  file = directory.path() / "plain" / "batch.bin";
  expect10(missing);
}

TEST_CASE_FIXTURE(Small, "a path the system refuses is unreadable") {
  file = directory.path() / std::string(5000, 'x');  // longer than any file name
  expect10("File name too long");
}

TEST_CASE_FIXTURE(Small, "an error about a label out of range names the record") {
  ten[2ul * 3073] = 10;
  write_file(file, ten);
  CHECK(expect10(out_of_range).find("record 2 (counted from 0) has label 10") != std::string::npos);
  ten[2ul * 3073] = 9;
  write_file(file, ten);
  CHECK(read_cifar_file(file, cifar10_format, 4).labels[2] == 9);
}

TEST_CASE_FIXTURE(Small, "fine and coarse labels have separate ranges") {
  hundred[3ul * 3074] = 20;
  write_file(file, hundred);
  CHECK(expect100(out_of_range).find("record 3 (counted from 0) has coarse label 20") != std::string::npos);
  hundred[3ul * 3074] = 19;
  hundred[1ul * 3074 + 1] = static_cast<char>(255);
  write_file(file, hundred);
  CHECK(expect100(out_of_range).find("record 1 (counted from 0) has label 255") != std::string::npos);
  hundred[1ul * 3074 + 1] = 99;
  write_file(file, hundred);
  const Dataset set = read_cifar_file(file, cifar100_format, 4);
  CHECK(set.labels[1] == 99);
}

// The original file ends in an empty line.
TEST_CASE_FIXTURE(Small, "class names are read where there are any, a line each") {
  constexpr CifarFormat three{"cifar10", "names.txt", 3, 0};
  const fs::path names = directory / "names.txt";
  CHECK(read_class_names(directory.path(), three).empty());
  write_file(names, "cat\nmaple_tree\r\ndog\n\n");
  CHECK(read_class_names(directory.path(), three) == std::vector<std::string>{"cat", "maple_tree", "dog"});
  write_file(names, "cat\ndog\n");
  expect_error("2 names, expected 3", names, [&] { read_class_names(directory.path(), three); });
  write_file(names, "a\nb\nc\nd\n");
  expect_error("4 names, expected 3", names, [&] { read_class_names(directory.path(), three); });
}

TEST_CASE("cifar10 reads from its canonical folder") {
  TemporaryDirectory directory;
  const fs::path folder = directory.path() / "cifar-10-batches-bin";
  CHECK_FALSE(cifar10_available(directory.path()));
  std::string bytes = cifar_records(10'000, 10, 0);
  for (int batch = 1; batch <= 5; ++batch) {
    bytes[1] = static_cast<char>(200 + batch);  // distinguishes the files, and shows their order
    write_file(folder / ("data_batch_" + std::to_string(batch) + ".bin"), bytes);
  }
  CHECK(cifar10_available(directory.path()));
  const fs::path test_file = folder / "test_batch.bin";
  expect_error(missing, test_file, [&] { read_cifar10(directory.path()); });
  bytes[1] = static_cast<char>(206);
  write_file(test_file, bytes);

  const Splits splits = read_cifar10(directory.path());
  CHECK(splits.train.name == "cifar10");
  REQUIRE(splits.train.size() == 50'000);
  CHECK(splits.train.images.size() == 50'000 * cifar_bytes);
  for (std::size_t batch = 0; batch < 5; ++batch) {
    CHECK(splits.train.image(batch * 10'000)[0] == 201 + batch);
    CHECK(splits.train.image(batch * 10'000 + 9'999)[3071] == expected_byte(9'999, 3071));
    CHECK(splits.train.labels[batch * 10'000 + 9'999] == expected_label(9'999, 10));
  }
  REQUIRE(splits.test.size() == 10'000);
  CHECK(splits.test.image(0)[0] == 206);
  expect_error("this folder holds the files themselves", folder, [&] { read_cifar10(folder); });

  CHECK(splits.fingerprint.starts_with("50000 and 10000 images, "));
  write_file(test_file, cifar_records(10'000, 10, 0));  // another first pixel
  CHECK(read_cifar10(directory.path()).fingerprint != splits.fingerprint);

  const fs::path third = folder / "data_batch_3.bin";
  fs::resize_file(third, 30'729'999);
  expect_error(truncated, third, [&] { read_cifar10(directory.path()); });
}

TEST_CASE("cifar100 reads from its canonical folder") {
  TemporaryDirectory directory;
  const fs::path folder = directory.path() / "cifar-100-binary";
  CHECK_FALSE(cifar100_available(directory.path()));
  expect_error(missing, folder / "train.bin", [&] { read_cifar100(directory.path()); });
  // Sparse files of the right length: all labels and pixels are 0, which suffices for counting.
  write_file(folder / "train.bin", cifar_records(3, 100, 20));
  CHECK(cifar100_available(directory.path()));
  CHECK_FALSE(cifar10_available(directory.path()));
  fs::resize_file(folder / "train.bin", 50'000ul * 3074);
  write_file(folder / "test.bin", cifar_records(1, 100, 20));
  fs::resize_file(folder / "test.bin", 10'000ul * 3074);
  const Splits splits = read_cifar100(directory.path());
  CHECK(splits.train.name == "cifar100");
  REQUIRE(splits.train.size() == 50'000);
  CHECK(splits.train.image(2)[77] == expected_byte(2, 77));
  CHECK(splits.train.labels[2] == expected_label(2, 100));
  REQUIRE(splits.test.size() == 10'000);
  CHECK(splits.test.image(0)[77] == expected_byte(0, 77));
}

}  // namespace
}  // namespace revnet
