// What the tests of lib/record share: HDF5 access without revnet's own code.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <hdf5.h>

#include "files.h"

namespace revnet::testing {

// An HDF5 file through plain C calls, open for reading and writing.
class RawFile {
 public:
  explicit RawFile(const std::filesystem::path& path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    file_ = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    if (file_ < 0) throw std::runtime_error("HDF5 cannot open " + path.string());
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() { H5Fclose(file_); }

  hid_t id() const { return file_; }

  std::string text_attribute(const char* object, const char* name) const {
    const hid_t attribute = H5Aopen_by_name(file_, object, name, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t type = H5Aget_type(attribute);
    char* text = nullptr;
    const bool ok = H5Tis_variable_str(type) > 0 && H5Aread(attribute, type, static_cast<void*>(&text)) >= 0;
    std::string result = ok ? text : "(unreadable)";
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(attribute);
    return result;
  }

  // Requires the stored type to be exactly this one.
  template <typename T>
  T attribute(const char* object, const char* name, hid_t type) const {
    const hid_t attribute = H5Aopen_by_name(file_, object, name, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t stored = H5Aget_type(attribute);
    T value{};
    const bool ok = H5Tequal(stored, type) > 0 && H5Aread(attribute, type, &value) >= 0;
    H5Tclose(stored);
    H5Aclose(attribute);
    if (!ok) throw std::runtime_error(std::string("raw attribute ") + name);
    return value;
  }

  template <typename T>
  std::vector<T> array(const char* name, hid_t type, std::vector<hsize_t>* shape = nullptr) const {
    const hid_t dataset = H5Dopen2(file_, name, H5P_DEFAULT);
    if (dataset < 0) throw std::runtime_error(std::string("raw data set ") + name);
    const hid_t stored = H5Dget_type(dataset), space = H5Dget_space(dataset);
    std::vector<hsize_t> sizes(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    const bool ok =
        H5Tequal(stored, type) > 0 &&
        (values.empty() || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
    H5Sclose(space);
    H5Tclose(stored);
    H5Dclose(dataset);
    if (!ok) throw std::runtime_error(std::string("raw data set ") + name);
    if (shape != nullptr) *shape = sizes;
    return values;
  }

  void remove(const char* name) {
    if (H5Ldelete(file_, name, H5P_DEFAULT) < 0) throw std::runtime_error(std::string("no link ") + name);
  }

  // A dataset of zeros. With late allocation, it takes no storage at all, however large it is.
  void make_array(const char* name, hid_t type, const std::vector<hsize_t>& shape) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(properties, H5D_ALLOC_TIME_LATE);
    const hid_t dataset = H5Dcreate2(file_, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (dataset < 0) throw std::runtime_error(std::string("cannot make ") + name);
    H5Dclose(dataset);
    H5Pclose(properties);
    H5Sclose(space);
  }

  template <typename T>
  void set_attribute(const char* name, hid_t type, T value) {
    if (H5Aexists(file_, name) > 0) H5Adelete(file_, name);
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(file_, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool ok = H5Awrite(attribute, type, &value) >= 0;
    H5Aclose(attribute);
    H5Sclose(space);
    if (!ok) throw std::runtime_error(std::string("cannot set ") + name);
  }

  void remove_attribute(const char* name) {
    if (H5Adelete(file_, name) < 0) throw std::runtime_error(std::string("no attribute ") + name);
  }

 private:
  hid_t file_ = -1;
};

}  // namespace revnet::testing
