// The HDF5 layer against the C API itself.
#include "record/hdf5.h"

#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include "support.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

void write_sample(const std::filesystem::path& path) {
  hdf5::Writer file(path);
  file.attribute("/", "text", std::string("a ü text"));
  file.attribute("/", "empty", std::string());
  file.attribute("/", "int", std::int64_t{-7});
  file.attribute("/", "uint", std::numeric_limits<std::uint64_t>::max());
  file.attribute("/", "double", 0.1);
  file.doubles("a/b/doubles", std::vector<double>{1.5, -2.5, 1e300});
  file.integers("a/integers", std::vector<std::int64_t>{1, -2});
  file.integers("a/none", {});
  file.floats("a/floats", {2, 1, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  file.floats("a/scalar", {}, std::vector<float>{8});
  file.text("a/words", "some\nwords");
  file.group("z");
  file.attribute("a/b", "here", std::int64_t{1});
  file.save();
}

// The damage that reading reports.
std::string damage(const std::function<void()>& read) {
  try {
    read();
  } catch (const FileError& error) {
    CHECK(error.kind() == FileError::Kind::damaged);
    CHECK(is_one_line(error.what()));
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace

TEST_CASE("the C API reads what the writer writes") {
  TemporaryDirectory folder;
  write_sample(folder / "f.h5");
  const RawFile raw(folder / "f.h5");
  CHECK(raw.text_attribute("/", "text") == "a ü text");
  CHECK(raw.text_attribute("/", "empty").empty());
  CHECK(raw.attribute<std::int64_t>("/", "int", H5T_STD_I64LE) == -7);
  CHECK(raw.attribute<std::uint64_t>("/", "uint", H5T_STD_U64LE) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(raw.attribute<double>("/", "double", H5T_IEEE_F64LE) == 0.1);
  CHECK(raw.attribute<std::int64_t>("/a/b", "here", H5T_STD_I64LE) == 1);
  std::vector<hsize_t> shape;
  CHECK(raw.array<double>("/a/b/doubles", H5T_IEEE_F64LE, &shape) == std::vector<double>{1.5, -2.5, 1e300});
  CHECK(shape == std::vector<hsize_t>{3});
  CHECK(raw.array<std::int64_t>("/a/none", H5T_STD_I64LE, &shape).empty());
  CHECK(shape == std::vector<hsize_t>{0});
  CHECK(raw.array<float>("/a/floats", H5T_IEEE_F32LE, &shape) == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(shape == std::vector<hsize_t>{2, 1, 3});
}

TEST_CASE("the reader reads what the writer writes and lists members by name") {
  TemporaryDirectory folder;
  write_sample(folder / "f.h5");
  const hdf5::Reader file(folder / "f.h5");
  CHECK(file.text_attribute("/", "text") == "a ü text");
  CHECK(file.text_attribute("/", "empty").empty());
  CHECK(file.integer_attribute("/", "int") == -7);
  CHECK(file.unsigned_attribute("/", "uint") == std::numeric_limits<std::uint64_t>::max());
  CHECK(file.double_attribute("/", "double") == 0.1);
  CHECK(file.attributes("/") == std::vector<std::string>{"double", "empty", "int", "text", "uint"});
  CHECK(file.has_attribute("a/b", "here"));
  CHECK_FALSE(file.has_attribute("a", "here"));
  CHECK(file.attribute_is_text("/", "text"));
  CHECK_FALSE(file.attribute_is_text("/", "int"));
  CHECK(file.doubles("a/b/doubles") == std::vector<double>{1.5, -2.5, 1e300});
  CHECK(file.integers("/a/integers") == std::vector<std::int64_t>{1, -2});
  CHECK(file.integers("a/none").empty());
  const hdf5::FloatArray floats = file.floats("a/floats");
  CHECK(floats.shape == std::vector<std::int64_t>{2, 1, 3});
  CHECK(floats.values == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(file.floats("a/scalar").shape.empty());
  CHECK(file.floats("a/scalar").values == std::vector<float>{8});
  CHECK(file.text("a/words") == "some\nwords");
  const auto members = file.members("a");
  REQUIRE(members.size() == 6);
  CHECK(members[0].name == "b");
  CHECK(members[0].is_group);
  CHECK(members[1].name == "floats");
  CHECK_FALSE(members[1].is_group);
  CHECK(file.members("z").empty());
}

TEST_CASE("fixed-length text written by other programs is also read") {
  TemporaryDirectory folder;
  write_sample(folder / "f.h5");
  {
    RawFile raw(folder / "f.h5");
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 4);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    struct Four {
      char text[4];
    };
    raw.set_attribute("full", type, Four{{'f', 'o', 'u', 'r'}});
    raw.set_attribute("short", type, Four{{'o', 'n', '\0', '\0'}});
    H5Tclose(type);
  }
  const hdf5::Reader file(folder / "f.h5");
  CHECK(file.text_attribute("/", "full") == "four");
  CHECK(file.text_attribute("/", "short") == "on");
}

TEST_CASE("type, rank and kind are checked on reading") {
  TemporaryDirectory folder;
  write_sample(folder / "f.h5");
  {
    RawFile raw(folder / "f.h5");
    raw.make_array("square", H5T_IEEE_F64LE, {2, 2});
    raw.make_array("short", H5T_STD_I32LE, {2});
  }
  const hdf5::Reader file(folder / "f.h5");
  const std::string start = (folder / "f.h5").string() + " is damaged: ";
  CHECK(damage([&] { file.doubles("a/integers"); }) ==
        start + "/a/integers is not of type float64; restore it from a copy or make it anew");
  CHECK(contains(damage([&] { file.doubles("a/floats"); }), "/a/floats is not of type float64"));
  CHECK(contains(damage([&] { file.floats("a/b/doubles"); }), "/a/b/doubles is not of type float32"));
  CHECK(contains(damage([&] { file.integers("short"); }), "/short is not of type int64"));
  CHECK(contains(damage([&] { file.doubles("square"); }), "/square has rank 2, not 1"));
  CHECK(contains(damage([&] { file.doubles("a/missing"); }), "/a/missing is missing"));
  CHECK(contains(damage([&] { file.doubles("no/such/path"); }), "/no/such/path is missing"));
  CHECK(contains(damage([&] { file.doubles("a"); }), "/a is not a data set"));
  CHECK(contains(damage([&] { file.members("a/floats"); }), "/a/floats is not a group"));
  CHECK(contains(damage([&] { file.text("a/floats"); }), "it is not text"));
  CHECK(contains(damage([&] { file.text_attribute("/", "int"); }), "attribute int of /: it is not text"));
  CHECK(contains(damage([&] { file.integer_attribute("/", "double"); }),
                 "attribute double is not of type int64"));
  CHECK(
      contains(damage([&] { file.integer_attribute("/", "uint"); }), "attribute uint is not of type int64"));
  CHECK(contains(damage([&] { file.unsigned_attribute("/", "int"); }), "is not of type uint64"));
  CHECK(contains(damage([&] { file.double_attribute("/", "none"); }), "attribute none is missing"));
}

TEST_CASE("absurd sizes are refused before any allocation") {
  TemporaryDirectory folder;
  write_sample(folder / "f.h5");
  {
    RawFile raw(folder / "f.h5");
    raw.make_array("huge", H5T_IEEE_F32LE, {hsize_t{1} << 40});
    raw.make_array("cube", H5T_IEEE_F32LE, {hsize_t{1} << 20, hsize_t{1} << 20, hsize_t{1} << 20});
    raw.make_array("nothing", H5T_IEEE_F32LE, {hsize_t{1} << 40, 0});
    raw.make_array("column", H5T_IEEE_F64LE, {hsize_t{1} << 40});
  }
  const hdf5::Reader file(folder / "f.h5");
  CHECK(contains(damage([&] { file.floats("huge"); }), "/huge claims to be larger than the whole file"));
  CHECK(contains(damage([&] { file.floats("cube"); }), "/cube claims to be larger than the whole file"));
  CHECK(file.floats("nothing").values.empty());
  CHECK(contains(damage([&] { file.doubles("column"); }), "claims to be larger than the whole file"));
}

TEST_CASE("misuse of the writer is an error") {
  TemporaryDirectory folder;
  hdf5::Writer file(folder / "f.h5");
  file.doubles("x", std::vector<double>{1});
  CHECK(contains(message_of<FileError>([&] { file.doubles("x", std::vector<double>{2}); }), "/x: "));
  CHECK(contains(message_of<FileError>([&] { file.doubles("x/y", std::vector<double>{2}); }), "/x/y: "));
  CHECK(contains(message_of<FileError>([&] { file.attribute("none", "a", 1.0); }), "/none attribute a"));
  CHECK_THROWS_AS(file.floats("w", {2, 2}, std::vector<float>{1}), std::logic_error);
  CHECK_FALSE(std::filesystem::exists(folder / "f.h5"));
}

TEST_CASE("files that are not HDF5 are refused") {
  TemporaryDirectory folder;
  const auto kind = [&](const std::string& name) {
    try {
      hdf5::Reader file(folder / name);
    } catch (const FileError& error) {
      CHECK(is_one_line(error.what()));
      CHECK(contains(error.what(), (folder / name).string()));
      return error.kind();
    }
    FAIL("nothing was thrown");
    return FileError::Kind::io;
  };
  CHECK(kind("none.h5") == FileError::Kind::missing);
  std::filesystem::create_directory(folder / "folder.h5");
  CHECK(kind("folder.h5") == FileError::Kind::io);
  write_file(folder / "empty.h5", "");
  CHECK(kind("empty.h5") == FileError::Kind::damaged);
  write_file(folder / "garbage.h5", std::string(10000, 'g'));
  CHECK(kind("garbage.h5") == FileError::Kind::damaged);
  write_sample(folder / "f.h5");
  const std::string whole = read_file(folder / "f.h5");
  write_file(folder / "half.h5", whole.substr(0, whole.size() / 2));
  CHECK(kind("half.h5") == FileError::Kind::damaged);
}
