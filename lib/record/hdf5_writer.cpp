// Implements hdf5::Writer of hdf5.h.
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>

#include "base/crc32.h"
#include "record/hdf5.h"
#include "record/hdf5_handle.h"

namespace revnet::hdf5 {
namespace {

constexpr std::size_t memory_step = std::size_t{1} << 20;  // bytes by which the image grows

// Arrays up to this many bytes are stored in the dataset's header, which saves a small write for each of
// hundreds.
constexpr std::size_t compact_bytes = 4096;

std::uint64_t product(const std::vector<std::int64_t>& shape) {
  std::uint64_t result = 1;
  for (const std::int64_t size : shape) result *= static_cast<std::uint64_t>(size);
  return result;
}

Handle text_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.id(), size);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

}  // namespace

Writer::Writer(std::filesystem::path target, Place place) : target_(std::move(target)) {
  start_library();
  const Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), ""));
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access.id(), true, true);  // where the file system can
#endif
  // Both places use the default format, which every HDF5 version reads.
  if (place == Place::memory && H5Pset_fapl_core(access.id(), memory_step, false) < 0) fail("");
  if (place == Place::disk) temporary_.reset(new std::filesystem::path(temporary_path(target_)));
  const std::filesystem::path& file = temporary_ ? *temporary_ : target_;
  file_ = Handle(checked(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), ""));
  link_properties_ = Handle(checked(H5Pcreate(H5P_LINK_CREATE), ""));
  if (H5Pset_create_intermediate_group(link_properties_.id(), 1) < 0) fail("");
}

void Writer::RemoveFile::operator()(const std::filesystem::path* file) const {
  // Once saved, the file has moved; a file that cannot be removed does no further harm.
  std::error_code ignored;
  std::filesystem::remove(*file, ignored);
  delete file;
}

void Writer::fail(const std::string& object) const {
  throw FileError(FileError::Kind::io, "cannot write {}: {}: {}", target_.string(), absolute(object),
                  take_error());
}

std::int64_t Writer::checked(std::int64_t id, const std::string& object) const {
  if (id < 0) fail(object);
  return id;
}

void Writer::group(const std::string& name) {
  const Handle made(checked(
      H5Gcreate2(file_.id(), absolute(name).c_str(), link_properties_.id(), H5P_DEFAULT, H5P_DEFAULT), name));
}

void Writer::dataset(const std::string& name, std::int64_t type, const std::vector<std::uint64_t>& shape,
                     std::size_t bytes, const void* values) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(checked(sizes.empty()
                                 ? H5Screate(H5S_SCALAR)
                                 : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
                             name));
  const Handle properties(checked(H5Pcreate(H5P_DATASET_CREATE), name));
  if (bytes > 0 && bytes <= compact_bytes && H5Pset_layout(properties.id(), H5D_COMPACT) < 0) fail(name);
  const Handle made(checked(H5Dcreate2(file_.id(), absolute(name).c_str(), type, space.id(),
                                       link_properties_.id(), properties.id(), H5P_DEFAULT),
                            name));
  if (bytes > 0 && H5Dwrite(made.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) fail(name);
  if (H5Tis_variable_str(type) > 0) return;  // the values are pointers, which have no meaningful checksum
  checksums_.push_back({absolute(name), crc32({static_cast<const std::byte*>(values), bytes})});
}

void Writer::doubles(const std::string& name, std::span<const double> values) {
  dataset(name, H5T_NATIVE_DOUBLE, {values.size()}, values.size_bytes(), values.data());
}

void Writer::integers(const std::string& name, std::span<const std::int64_t> values) {
  dataset(name, H5T_NATIVE_INT64, {values.size()}, values.size_bytes(), values.data());
}

void Writer::floats(const std::string& name, const std::vector<std::int64_t>& shape,
                    std::span<const float> values) {
  if (product(shape) != values.size()) {
    throw std::logic_error(fmt::format(
        "hdf5::Writer: {} has {} values, which is not the product of its shape", name, values.size()));
  }
  dataset(name, H5T_NATIVE_FLOAT, {shape.begin(), shape.end()}, values.size_bytes(), values.data());
}

void Writer::text(const std::string& name, const std::string& value) {
  const Handle type = text_type(value.size() + 1);  // including the terminating NUL
  dataset(name, type.id(), {}, value.size() + 1, value.c_str());
}

void Writer::texts(const std::string& name, const std::vector<std::string>& values) {
  std::vector<const char*> pointers;
  pointers.reserve(values.size());
  for (const std::string& value : values) pointers.push_back(value.c_str());
  const Handle type = text_type(H5T_VARIABLE);
  dataset(name, type.id(), {values.size()}, pointers.size() * sizeof(const char*),
          static_cast<const void*>(pointers.data()));
}

void Writer::bytes(const std::string& name, std::uint64_t size) {
  const hsize_t sizes = size;
  const Handle space(checked(H5Screate_simple(1, &sizes, nullptr), name));
  const Handle properties(checked(H5Pcreate(H5P_DATASET_CREATE), name));
  // Allocating early fixes the place in the file at once; not filling avoids writing zeros where bytes will
  // follow.
  if (H5Pset_alloc_time(properties.id(), H5D_ALLOC_TIME_EARLY) < 0 ||
      H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER) < 0) {
    fail(name);
  }
  const Handle made(checked(H5Dcreate2(file_.id(), absolute(name).c_str(), H5T_NATIVE_UINT8, space.id(),
                                       link_properties_.id(), properties.id(), H5P_DEFAULT),
                            name));
}

void Writer::write_bytes(const std::string& name, std::uint64_t first, std::span<const std::uint8_t> values) {
  const Handle opened(checked(H5Dopen2(file_.id(), absolute(name).c_str(), H5P_DEFAULT), name));
  const hsize_t start = first, count = values.size();
  const Handle memory(checked(H5Screate_simple(1, &count, nullptr), name));
  const Handle space(checked(H5Dget_space(opened.id()), name));
  if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
      H5Dwrite(opened.id(), H5T_NATIVE_UINT8, memory.id(), space.id(), H5P_DEFAULT, values.data()) < 0) {
    fail(name);
  }
}

void Writer::scalar_attribute(const std::string& object, const std::string& name, std::int64_t type,
                              const void* value) {
  const std::string what = absolute(object) + " attribute " + name;
  const Handle owner(checked(H5Oopen(file_.id(), absolute(object).c_str(), H5P_DEFAULT), what));
  const Handle space(checked(H5Screate(H5S_SCALAR), what));
  const Handle made(
      checked(H5Acreate2(owner.id(), name.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT), what));
  if (H5Awrite(made.id(), type, value) < 0) fail(what);
}

void Writer::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Handle type = text_type(H5T_VARIABLE);  // h5py reads this type as str
  const char* text = value.c_str();
  scalar_attribute(object, name, type.id(), static_cast<const void*>(&text));
}

void Writer::attribute(const std::string& object, const std::string& name, double value) {
  scalar_attribute(object, name, H5T_NATIVE_DOUBLE, &value);
}

void Writer::attribute(const std::string& object, const std::string& name, std::int64_t value) {
  scalar_attribute(object, name, H5T_NATIVE_INT64, &value);
}

void Writer::attribute(const std::string& object, const std::string& name, std::uint64_t value) {
  scalar_attribute(object, name, H5T_NATIVE_UINT64, &value);
}

void Writer::save() {
  if (H5Fflush(file_.id(), H5F_SCOPE_LOCAL) < 0) fail("");
  if (temporary_) {
    file_ = Handle();
    move_into_place(*temporary_, target_);
    return;
  }
  const ssize_t size = H5Fget_file_image(file_.id(), nullptr, 0);
  if (size < 0) fail("");
  std::vector<std::byte> image;
  // Without room for the checksums behind it, adding them would copy the whole image.
  image.reserve(static_cast<std::size_t>(size) + checksum_room(checksums_));
  image.resize(static_cast<std::size_t>(size));
  if (H5Fget_file_image(file_.id(), image.data(), image.size()) != size) fail("");
  const std::string lines = checksum_lines(image, checksums_);
  const auto behind = std::as_bytes(std::span(lines));
  image.insert(image.end(), behind.begin(), behind.end());
  replace_file(target_, image);
}

}  // namespace revnet::hdf5
