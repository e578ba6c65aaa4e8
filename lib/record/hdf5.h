// HDF5 files of plain arrays and attributes, over the C API, whose types stay out of this header.
//
// A file is written whole: Writer builds it in memory, or beside its target where it is too large for that,
// and save() swaps it into place, so HDF5 never leaves a half-written file; a full disk is, in memory, an
// errno with a name. Reader opens read-only and checks type, rank and size of everything before it allocates:
// sizes are bounded by the size of the file (its own files are not compressed). It verifies the checksums
// that save() puts behind a file built in memory (record/checksums.h). Names are paths from the root
// ("stage1/unit1/f/conv1/weight"); "" or "/" is the root itself.
//
// Every failure is a RecordError. HDF5's automatic error printing is switched off for the process by the
// first Reader or Writer. The library is not thread-safe: use all of this from one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "record/checksums.h"
#include "record/posix_file.h"
#include "record/record_error.h"

namespace revnet::hdf5 {

// Owns one HDF5 identifier (hid_t is a 64-bit integer, checked in hdf5_handle.cpp). Never below 0.
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

// Parts of a name; groups nested deeper are a damaged file that refers to itself.
inline constexpr int deepest_name = 32;

class Writer {
 public:
  // In memory: touches no file before save(). On disk: PATH.tmp, gone with the object unless it was saved.
  enum class Place { memory, disk };
  explicit Writer(std::filesystem::path target, Place place = Place::memory);

  // Each makes the groups on the way; a name that is there already is an error.
  void group(const std::string& name);
  void doubles(const std::string& name, std::span<const double> values);         // [values.size()]
  void integers(const std::string& name, std::span<const std::int64_t> values);  // [values.size()]
  // shape {} is a scalar. Requires values.size() to be the product of shape.
  void floats(const std::string& name, const std::vector<std::int64_t>& shape, std::span<const float> values);
  void text(const std::string& name, const std::string& value);  // one UTF-8 string, without NUL bytes
  void texts(const std::string& name, const std::vector<std::string>& values);  // [values.size()], likewise
  // [size] bytes in one piece, which write_bytes() fills.
  void bytes(const std::string& name, std::uint64_t size);
  void write_bytes(const std::string& name, std::uint64_t first, std::span<const std::uint8_t> values);

  // On the group or dataset object, which must be there. Text is variable-length UTF-8, without NUL bytes.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const char* value) = delete;
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);
  void attribute(const std::string& object, const std::string& name, std::uint64_t value);

  // Replaces the target by what has been written so far; see replace_file.
  void save(Durability durability);

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
  // RecordError of kind damaged, with the arrays that have changed, when the file is not as it was written.
  explicit Reader(std::filesystem::path file);

  const std::filesystem::path& path() const { return path_; }
  // False for a file of an earlier version, or one that something else has changed: nothing vouches for its
  // bytes.
  bool has_checksums() const { return has_checksums_; }

  struct Member {
    std::string name;
    bool is_group = false;
  };
  // Groups and datasets directly in a group, by name.
  std::vector<Member> members(const std::string& group) const;
  // The datasets below a group, however deep, as paths from there.
  std::vector<std::string> datasets(const std::string& group) const;

  // Of exactly this type (doubles are float64, floats are float32, integers are int64).
  std::vector<double> doubles(const std::string& name) const;         // rank 1
  std::vector<std::int64_t> integers(const std::string& name) const;  // rank 1
  FloatArray floats(const std::string& name) const;                   // any rank
  std::string text(const std::string& name) const;                    // one string
  std::vector<std::string> texts(const std::string& name) const;      // rank 1
  // Where in the file the bytes [size] of a data set lie, in one piece.
  struct Extent {
    std::uint64_t offset = 0, size = 0;
  };
  Extent extent_of_bytes(const std::string& name) const;

  // Attributes of a group or dataset, by name.
  std::vector<std::string> attributes(const std::string& object) const;
  bool has_attribute(const std::string& object, const std::string& name) const;
  // True for text; false for anything else.
  bool attribute_is_text(const std::string& object, const std::string& name) const;
  std::string text_attribute(const std::string& object, const std::string& name) const;
  double double_attribute(const std::string& object, const std::string& name) const;
  std::int64_t integer_attribute(const std::string& object, const std::string& name) const;
  std::uint64_t unsigned_attribute(const std::string& object, const std::string& name) const;

  // A RecordError of kind damaged: "PATH is damaged: WHAT; restore it from a copy or start the run anew".
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
