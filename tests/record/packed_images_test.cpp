#include "record/packed_images.h"

#include <doctest/doctest.h>

#include "record/hdf5.h"
#include "record/support.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;
using testing::TemporaryDirectory;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void write_small(const std::filesystem::path& file) {
  PackedImageWriter writer(file, {"cat", "dög"});
  writer.begin("train", 9);
  writer.add("cat/a.jpg", 0, 7, bytes_of("abcd"));
  writer.add("dög/b.jpg", 1, 4'000'000'000, bytes_of("efghi"));
  writer.begin("val", 1);
  writer.add("dög/c.jpg", 1, 9, bytes_of("j"));
  writer.save();
}

TEST_CASE("a packed file returns names, labels, checksums and each image's bytes") {
  const TemporaryDirectory folder;
  write_small(folder / "set.h5");
  CHECK_FALSE(std::filesystem::exists(folder / "set.h5.tmp"));
  const PackedImages images = read_packed_images(folder / "set.h5");
  CHECK(images.classes == std::vector<std::string>{"cat", "dög"});
  CHECK(images.train.name == std::vector<std::string>{"cat/a.jpg", "dög/b.jpg"});
  CHECK(images.train.label == std::vector<std::int64_t>{0, 1});
  CHECK(images.train.checksum == std::vector<std::int64_t>{7, 4'000'000'000});
  CHECK(images.train.size == std::vector<std::int64_t>{4, 5});
  CHECK(images.val.size == std::vector<std::int64_t>{1});
  const std::string file = testing::read_file(folder / "set.h5");
  CHECK(file.substr(static_cast<std::size_t>(images.train.offset[0]), 4) == "abcd");
  CHECK(file.substr(static_cast<std::size_t>(images.train.offset[1]), 5) == "efghi");
  CHECK(file.substr(static_cast<std::size_t>(images.val.offset[0]), 1) == "j");
}

TEST_CASE("an abandoned packed file leaves nothing behind") {
  const TemporaryDirectory folder;
  {
    PackedImageWriter writer(folder / "set.h5", {"cat"});
    writer.begin("train", 100);
    writer.add("cat/a.jpg", 0, 7, bytes_of("abcd"));
    CHECK_THROWS_AS(writer.add("cat/b.jpg", 0, 7, bytes_of(std::string(97, 'x'))), std::logic_error);
    CHECK_THROWS_AS(writer.begin("val", 1), std::logic_error);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK_THROWS_AS(PackedImageWriter(folder / "missing/set.h5", {"cat"}), FileError);
}

// The error of reading a one-image file whose index has these values.
std::string fault_of(std::int64_t offset, std::int64_t size, std::int64_t label, std::size_t names = 1) {
  const TemporaryDirectory folder;
  hdf5::Writer file(folder / "set.h5");
  file.attribute("/", "format_version", std::int64_t{1});
  file.attribute("/", "kind", std::string("packed images"));
  file.texts("classes", {"cat"});
  for (const std::string set : {"train", "val"}) {
    const std::string payload(5000, 'x');
    file.bytes(set + "/bytes", payload.size());
    file.write_bytes(set + "/bytes", 0, bytes_of(payload));
    for (const auto& [name, value] :
         {std::pair{"/offset", offset}, {"/size", size}, {"/label", label}, {"/checksum", 0}}) {
      file.integers(set + name, std::vector<std::int64_t>{value});
    }
    file.texts(set + "/name", std::vector<std::string>(names, "cat/a.jpg"));
  }
  file.save();
  return message_of<FileError>([&] { read_packed_images(folder / "set.h5"); });
}

TEST_CASE("an index that points outside the file or to no class counts as damage") {
  CHECK(fault_of(0, 5000, 0) == "(nothing was thrown)");
  CHECK(fault_of(5000, 0, 0) == "(nothing was thrown)");
  for (const auto& [offset, size] : {std::pair<std::int64_t, std::int64_t>{0, 5001},
                                     {4999, 2},
                                     {-1, 1},
                                     {1, -1},
                                     {INT64_MAX, INT64_MAX}}) {
    CHECK(contains(fault_of(offset, size, 0), "/train: image 0 lies outside the set's bytes"));
  }
  CHECK(contains(fault_of(0, 1, 1), "/train: image 0 has label 1, which names no class"));
  CHECK(contains(fault_of(0, 1, -1), "names no class"));
  CHECK(contains(fault_of(0, 1, 0, 2), "/train has columns of different lengths, 1 and 2"));
}

TEST_CASE("other files are not mistaken for packed images") {
  const TemporaryDirectory folder;
  CHECK_THROWS_AS(read_packed_images(folder / "none.h5"), FileError);
  testing::write_file(folder / "text.h5", "not HDF5");
  CHECK(contains(message_of<FileError>([&] { read_packed_images(folder / "text.h5"); }),
                 "not a whole HDF5 file"));
  hdf5::Writer other(folder / "other.h5");
  other.attribute("/", "format_version", std::int64_t{1});
  other.save();
  CHECK(contains(message_of<FileError>([&] { read_packed_images(folder / "other.h5"); }),
                 "other.h5 holds no packed images; name a file that revnet-data pack wrote"));
  write_small(folder / "set.h5");
  const std::string whole = testing::read_file(folder / "set.h5");
  testing::write_file(folder / "short.h5", whole.substr(0, whole.size() / 2));
  CHECK_THROWS_AS(read_packed_images(folder / "short.h5"), FileError);
}

}  // namespace
}  // namespace revnet
