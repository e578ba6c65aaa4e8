// Implements hdf5::Reader of hdf5.h.
#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32.h"
#include "base/text.h"
#include "record/hdf5.h"
#include "record/hdf5_handle.h"

namespace revnet::hdf5 {
namespace {

constexpr int largest_rank = 32;  // HDF5's own limit

std::string attribute_label(const std::string& object, const std::string& name) {
  return (absolute(object) == "/" ? "" : absolute(object) + " ") + "attribute " + name;
}

// Calls describe(name buffer, size) twice, once for the size and once for the name, as HDF5 requires. Returns
// "" on failure.
template <typename Describe>
std::string described(Describe describe) {
  const ssize_t size = describe(nullptr, 0);
  if (size <= 0) return {};
  std::string name(static_cast<std::size_t>(size) + 1, '\0');
  if (describe(name.data(), name.size()) != size) return {};
  name.pop_back();
  return name;
}

}  // namespace

Reader::Reader(std::filesystem::path file) : path_(std::move(file)) {
  // Checked first, because HDF5 would only say that it cannot open the file.
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) throw io_error("read", path_, errno);
  if (S_ISDIR(status.st_mode)) throw io_error("read", path_, EISDIR);
  if (!S_ISREG(status.st_mode)) fail("not a regular file");  // a pipe would keep its reader waiting
  if (::access(path_.c_str(), R_OK) != 0) throw io_error("read", path_, errno);
  file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  const FileChecksums checksums = verify_checksums(path_);
  has_checksums_ = checksums.present;
  if (checksums.present && !checksums.match) fail_changed(checksums.arrays);
  open();
  haddr_t end = 0;
  if (H5Fget_eoa(file_.id(), &end) < 0) fail(take_error());
  if (!has_checksums_ && file_bytes_ > end) fail("its checksums are cut off or unreadable");
}

void Reader::open() {
  start_library();
  const Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), ""));
#if H5_VERSION_GE(1, 10, 7)
  // Writers swap in whole files, so there is nothing to lock, and some network file systems cannot lock.
  H5Pset_file_locking(access.id(), false, true);
#endif
  file_ = Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, access.id()));
  if (file_.id() < 0) fail("not a whole HDF5 file ({})", take_error());
}

void Reader::fail_changed(const std::vector<ArrayChecksum>& arrays) {
  open();
  std::vector<std::string> changed;
  for (const ArrayChecksum& array : arrays) {
    if (is_changed(array)) changed.push_back(array.name);
  }
  constexpr std::size_t most_named = 3;
  const std::size_t more = changed.size() - std::min(changed.size(), most_named);
  changed.resize(changed.size() - more);
  fail("its bytes are not those that were written; {}{} changed",
       changed.empty() ? "its structure or an attribute" : join(changed),
       more > 0 ? fmt::format(" and {} more arrays", more) : "");
}

bool Reader::is_changed(const ArrayChecksum& array) const {
  const Handle opened = dataset(array.name);
  const Handle type(checked(H5Dget_type(opened.id()), array.name));
  const Handle space(checked(H5Dget_space(opened.id()), array.name));
  std::size_t bytes = H5Tget_size(type.id());
  for (const std::int64_t size : checked_shape(space.id(), bytes, array.name))
    bytes *= static_cast<std::size_t>(size);
  std::vector<std::byte> values(bytes);
  if (bytes > 0)
    checked(H5Dread(opened.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), array.name);
  return crc32(values) != array.crc32;
}

void Reader::fail(const std::string& what) const {
  throw damage_error(path_, what);
}

std::int64_t Reader::checked(std::int64_t id, const std::string& object) const {
  if (id < 0) fail(object + ": " + take_error());
  return id;
}

Handle Reader::object(const std::string& name) const {
  const std::string path = absolute(name);
  Handle opened(H5Oopen(file_.id(), path.c_str(), H5P_DEFAULT));
  if (opened.id() < 0) {
    const std::string why = take_error();
    // H5Lexists would not do: it fails when a group on the way is missing.
    fail("{} is missing or unreadable ({})", path, why);
  }
  return opened;
}

Handle Reader::dataset(const std::string& name) const {
  Handle opened = object(name);
  if (H5Iget_type(opened.id()) != H5I_DATASET) fail(absolute(name) + " is not a data set");
  return opened;
}

Handle Reader::attribute(const std::string& object_name, const std::string& name) const {
  const Handle owner = object(object_name);
  const std::string label = attribute_label(object_name, name);
  const htri_t exists = H5Aexists(owner.id(), name.c_str());
  if (exists == 0) fail(label + " is missing");
  if (exists < 0) fail(label + ": " + take_error());
  return Handle(checked(H5Aopen(owner.id(), name.c_str(), H5P_DEFAULT), label));
}

std::vector<Reader::Member> Reader::members(const std::string& group) const {
  const Handle opened = object(group);
  const std::string label = absolute(group);
  if (H5Iget_type(opened.id()) != H5I_GROUP) fail(label + " is not a group");
  H5G_info_t information{};
  if (H5Gget_info(opened.id(), &information) < 0) fail(label + ": " + take_error());
  const std::string in_group = label + "/";
  std::vector<Member> list;
  for (hsize_t i = 0; i < information.nlinks; ++i) {
    const std::string name = described([&](char* buffer, std::size_t size) {
      return H5Lget_name_by_idx(opened.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, size, H5P_DEFAULT);
    });
    if (name.empty()) fail(label + " has a member without a readable name");
    const Handle member(checked(H5Oopen(opened.id(), name.c_str(), H5P_DEFAULT), in_group + name));
    list.push_back({name, H5Iget_type(member.id()) == H5I_GROUP});
  }
  return list;
}

std::vector<std::string> Reader::datasets(const std::string& group) const {
  std::vector<std::string> names;
  add_datasets(group, "", 0, names);
  return names;
}

void Reader::add_datasets(const std::string& group, const std::string& prefix, int depth,
                          std::vector<std::string>& names) const {
  if (depth > deepest_name) fail(group + " is nested too deeply");
  for (const Member& member : members(group)) {
    if (member.is_group) {
      add_datasets(fmt::format("{}/{}", group, member.name), fmt::format("{}{}/", prefix, member.name),
                   depth + 1, names);
    } else {
      names.push_back(prefix + member.name);
    }
  }
}

std::vector<std::int64_t> Reader::checked_shape(std::int64_t space, std::size_t item_size,
                                                const std::string& label) const {
  const int rank = H5Sget_simple_extent_ndims(space);
  if (H5Sget_simple_extent_type(space) == H5S_NULL || rank < 0 || rank > largest_rank) {
    fail(label + " has no shape");
  }
  std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space, sizes.data(), nullptr) < 0)
    fail(label + ": " + take_error());
  std::uint64_t room = file_bytes_ / item_size;
  bool empty = false;
  for (const hsize_t size : sizes) empty = empty || size == 0;
  std::vector<std::int64_t> shape;
  for (const hsize_t size : sizes) {
    if (size > static_cast<hsize_t>(INT64_MAX) || (!empty && size > room)) {
      fail(label + " claims to be larger than the whole file");
    }
    if (!empty) room /= size;
    shape.push_back(static_cast<std::int64_t>(size));
  }
  return shape;
}

void Reader::check_type(const Handle& stored, std::int64_t expected, const std::string& label) const {
  const bool same_class = H5Tget_class(stored.id()) == H5Tget_class(expected);
  const bool same_size = H5Tget_size(stored.id()) == H5Tget_size(expected);
  const bool same_sign =
      H5Tget_class(expected) != H5T_INTEGER || H5Tget_sign(stored.id()) == H5Tget_sign(expected);
  if (same_class && same_size && same_sign) return;
  std::string wanted = H5Tget_class(expected) == H5T_FLOAT     ? "float"
                       : H5Tget_sign(expected) == H5T_SGN_NONE ? "uint"
                                                               : "int";
  fail("{} is not of type {}{}", label, wanted, 8 * H5Tget_size(expected));
}

std::vector<std::int64_t> Reader::array_shape(const Handle& dataset, std::int64_t type,
                                              const std::string& label) const {
  check_type(Handle(checked(H5Dget_type(dataset.id()), label)), type, label);
  const Handle space(checked(H5Dget_space(dataset.id()), label));
  return checked_shape(space.id(), H5Tget_size(type), label);
}

template <typename T>
std::vector<T> Reader::column(const std::string& name, std::int64_t type) const {
  const Handle opened = dataset(name);
  const std::string label = absolute(name);
  const std::vector<std::int64_t> shape = array_shape(opened, type, label);
  if (shape.size() != 1) fail("{} has rank {}, not 1", label, shape.size());
  std::vector<T> values(static_cast<std::size_t>(shape[0]));
  if (!values.empty() && H5Dread(opened.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    fail(label + ": " + take_error());
  }
  return values;
}

std::vector<double> Reader::doubles(const std::string& name) const {
  return column<double>(name, H5T_NATIVE_DOUBLE);
}

std::vector<std::int64_t> Reader::integers(const std::string& name) const {
  return column<std::int64_t>(name, H5T_NATIVE_INT64);
}

FloatArray Reader::floats(const std::string& name) const {
  const Handle opened = dataset(name);
  FloatArray array;
  array.shape = array_shape(opened, H5T_NATIVE_FLOAT, absolute(name));
  std::size_t count = 1;
  for (const std::int64_t size : array.shape) count *= static_cast<std::size_t>(size);
  array.values.resize(count);
  if (count > 0 &&
      H5Dread(opened.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0) {
    fail(absolute(name) + ": " + take_error());
  }
  return array;
}

Reader::Extent Reader::extent_of_bytes(const std::string& name) const {
  const Handle opened = dataset(name);
  const std::string label = absolute(name);
  const std::vector<std::int64_t> shape = array_shape(opened, H5T_NATIVE_UINT8, label);
  if (shape.size() != 1) fail(label + " has rank " + std::to_string(shape.size()) + ", not 1");
  const haddr_t offset = H5Dget_offset(opened.id());
  const auto size = static_cast<std::uint64_t>(shape[0]);
  if (size == 0) return {};
  if (offset == HADDR_UNDEF || offset > file_bytes_ - size) {
    H5Eclear2(H5E_DEFAULT);
    fail(label + " does not lie in the file in one piece");
  }
  return {offset, size};
}

std::vector<std::string> Reader::attributes(const std::string& object_name) const {
  const Handle owner = object(object_name);
  H5O_info_t information{};
  const std::string label = absolute(object_name);
  if (H5Oget_info2(owner.id(), &information, H5O_INFO_NUM_ATTRS) < 0) fail(label + ": " + take_error());
  std::vector<std::string> list;
  for (hsize_t i = 0; i < information.num_attrs; ++i) {
    list.push_back(described([&](char* buffer, std::size_t size) {
      return H5Aget_name_by_idx(owner.id(), ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, size, H5P_DEFAULT);
    }));
    if (list.back().empty()) fail(label + " has an attribute without a readable name");
  }
  return list;
}

bool Reader::has_attribute(const std::string& object_name, const std::string& name) const {
  const Handle owner = object(object_name);
  const htri_t exists = H5Aexists(owner.id(), name.c_str());
  if (exists < 0) fail(attribute_label(object_name, name) + ": " + take_error());
  return exists > 0;
}

bool Reader::attribute_is_text(const std::string& object_name, const std::string& name) const {
  const Handle opened = attribute(object_name, name);
  const Handle type(checked(H5Aget_type(opened.id()), attribute_label(object_name, name)));
  return H5Tget_class(type.id()) == H5T_STRING;
}

template <typename T>
T Reader::number_attribute(const std::string& object_name, const std::string& name, std::int64_t type) const {
  const Handle opened = attribute(object_name, name);
  const std::string label = attribute_label(object_name, name);
  check_type(Handle(checked(H5Aget_type(opened.id()), label)), type, label);
  const Handle space(checked(H5Aget_space(opened.id()), label));
  if (H5Sget_simple_extent_npoints(space.id()) != 1) fail(label + " is not one value");
  T value{};
  if (H5Aread(opened.id(), type, &value) < 0) fail(label + ": " + take_error());
  return value;
}

double Reader::double_attribute(const std::string& object_name, const std::string& name) const {
  return number_attribute<double>(object_name, name, H5T_NATIVE_DOUBLE);
}

std::int64_t Reader::integer_attribute(const std::string& object_name, const std::string& name) const {
  return number_attribute<std::int64_t>(object_name, name, H5T_NATIVE_INT64);
}

std::uint64_t Reader::unsigned_attribute(const std::string& object_name, const std::string& name) const {
  return number_attribute<std::uint64_t>(object_name, name, H5T_NATIVE_UINT64);
}

}  // namespace revnet::hdf5
