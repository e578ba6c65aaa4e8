// HDF5 files of plain arrays and attributes, through the C API, whose types stay out of this header.
//
// Writer builds a file in memory, or next to its target if it is too large for that, and save() swaps it into
// place. HDF5 therefore never leaves a half-written file, and when writing from memory a full disk is
// reported as an errno. Reader opens files read-only and checks the type, rank and size of everything before
// allocating for it; the size of the file is an upper bound, since revnet's files are not compressed. Reader
// also verifies the checksums that save() appends to a file built in memory (record/checksums.h). Names are
// paths from the root ("stage1/unit1/f/conv1/weight"); "" and "/" are the root itself.
//
// Every failure is a FileError. The first Reader or Writer switches off HDF5's automatic error printing for
// the whole process. HDF5 is not thread-safe here: use all of this from one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "record/checksums.h"
#include "system/file_error.h"
#include "system/posix_file.h"

namespace revnet::hdf5 {

// Owns one HDF5 identifier (hid_t is a 64-bit integer; hdf5_handle.cpp checks that). -1 if it owns none.
class Handle {
 public:
  Handle() = default;
  explicit Handle(std::int64_t id) : id_(id) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();

  std::int64_t id() const { return id_; }

 private:
  std::int64_t id_ = -1;
};

// The most parts a name may have. Deeper nesting means a damaged file that refers to itself.
inline constexpr int deepest_name = 32;

class Writer {
 public:
  // memory: touches no file before save(). disk: writes PATH.tmp, which the destructor removes unless it was
  // saved.
  enum class Place { memory, disk };
  explicit Writer(std::filesystem::path target, Place place = Place::memory);

  // Each call creates missing groups on the way and fails if the name exists.
  void group(const std::string& name);
  void doubles(const std::string& name, std::span<const double> values);         // [values.size()]
  void integers(const std::string& name, std::span<const std::int64_t> values);  // [values.size()]
  // Shape {} is a scalar. Requires values.size() to be the product of the shape.
  void floats(const std::string& name, const std::vector<std::int64_t>& shape, std::span<const float> values);
  void text(const std::string& name, const std::string& value);  // one UTF-8 string, without NUL bytes
  void texts(const std::string& name, const std::vector<std::string>& values);  // [values.size()], likewise
  // Creates [size] contiguous bytes, which write_bytes() fills.
  void bytes(const std::string& name, std::uint64_t size);
  void write_bytes(const std::string& name, std::uint64_t first, std::span<const std::uint8_t> values);

  // Attaches an attribute to a group or dataset, which must exist. Text is variable-length UTF-8 without NUL
  // bytes.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const char* value) = delete;
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);
  void attribute(const std::string& object, const std::string& name, std::uint64_t value);

  // Replaces the target by what has been written so far; see replace_file().
  void save();

 private:
  [[noreturn]] void fail(const std::string& object) const;
  std::int64_t checked(std::int64_t id, const std::string& object) const;
  void dataset(const std::string& name, std::int64_t type, const std::vector<std::uint64_t>& shape,
               std::size_t bytes, const void* values);
  void scalar_attribute(const std::string& object, const std::string& name, std::int64_t type,
                        const void* value);

  std::filesystem::path target_;
  struct RemoveFile {
    void operator()(const std::filesystem::path* file) const;
  };
  std::unique_ptr<const std::filesystem::path, RemoveFile> temporary_;  // null in memory
  Handle file_;
  Handle link_properties_;
  std::vector<ArrayChecksum> checksums_;
};

struct FloatArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // row-major
};

class Reader {
 public:
  // Throws FileError of kind damaged if the file has changed since it was written; the message lists the
  // changed arrays.
  explicit Reader(std::filesystem::path file);

  const std::filesystem::path& path() const { return path_; }
  // False if an earlier version wrote the file or another program changed it: nothing then guarantees its
  // bytes.
  bool has_checksums() const { return has_checksums_; }

  struct Member {
    std::string name;
    bool is_group = false;
  };
  // The groups and datasets directly in a group, sorted by name.
  std::vector<Member> members(const std::string& group) const;
  // All datasets below a group, as paths relative to it.
  std::vector<std::string> datasets(const std::string& group) const;

  // Each reads a dataset of exactly this type (doubles are float64, floats are float32, integers are int64).
  std::vector<double> doubles(const std::string& name) const;         // rank 1
  std::vector<std::int64_t> integers(const std::string& name) const;  // rank 1
  FloatArray floats(const std::string& name) const;                   // any rank
  std::string text(const std::string& name) const;                    // one string
  std::vector<std::string> texts(const std::string& name) const;      // rank 1
  // The position in the file of a contiguous dataset of bytes [size].
  struct Extent {
    std::uint64_t offset = 0, size = 0;
  };
  Extent extent_of_bytes(const std::string& name) const;

  // The names of the attributes of a group or dataset, sorted.
  std::vector<std::string> attributes(const std::string& object) const;
  bool has_attribute(const std::string& object, const std::string& name) const;
  bool attribute_is_text(const std::string& object, const std::string& name) const;
  std::string text_attribute(const std::string& object, const std::string& name) const;
  double double_attribute(const std::string& object, const std::string& name) const;
  std::int64_t integer_attribute(const std::string& object, const std::string& name) const;
  std::uint64_t unsigned_attribute(const std::string& object, const std::string& name) const;

  // Throws FileError of kind damaged: "PATH is damaged: WHAT; restore it from a copy or make it anew".
  [[noreturn]] void fail(const std::string& what) const;
  template <typename Arg, typename... Args>
  [[noreturn]] void fail(fmt::format_string<Arg, Args...> what, Arg&& arg, Args&&... args) const {
    fail(fmt::format(what, std::forward<Arg>(arg), std::forward<Args>(args)...));
  }

 private:
  std::int64_t checked(std::int64_t id, const std::string& object) const;
  void open();
  [[noreturn]] void fail_changed(const std::vector<ArrayChecksum>& arrays);
  bool is_changed(const ArrayChecksum& array) const;
  Handle object(const std::string& name) const;
  Handle dataset(const std::string& name) const;
  void add_datasets(const std::string& group, const std::string& prefix, int depth,
                    std::vector<std::string>& names) const;
  Handle attribute(const std::string& object, const std::string& name) const;
  std::vector<std::int64_t> checked_shape(std::int64_t space, std::size_t item_size,
                                          const std::string& name) const;
  void check_type(const Handle& stored, std::int64_t expected, const std::string& name) const;
  std::vector<std::int64_t> array_shape(const Handle& dataset, std::int64_t type,
                                        const std::string& name) const;
  template <typename T>
  std::vector<T> column(const std::string& name, std::int64_t type) const;
  template <typename T>
  T number_attribute(const std::string& object, const std::string& name, std::int64_t type) const;

  std::filesystem::path path_;
  std::uint64_t file_bytes_ = 0;
  bool has_checksums_ = false;
  Handle file_;
};

}  // namespace revnet::hdf5
