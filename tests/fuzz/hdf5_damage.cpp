// Damages files through HDF5 itself, so that they stay valid HDF5 but are no longer valid files of revnet.
#include <algorithm>
#include <array>

#include <hdf5.h>

#include "files.h"
#include "fuzz/hdf5_target.h"

namespace revnet::fuzz {
namespace {

struct Object {
  std::string path;
  bool is_group = false;
};

herr_t note_object(hid_t, const char* name, const H5O_info_t* info, void* target) {
  auto& objects = *static_cast<std::vector<Object>*>(target);
  if (std::string(name) != ".") objects.push_back({name, info->type == H5O_TYPE_GROUP});
  return 0;
}

std::vector<Object> objects_of(hid_t file) {
  std::vector<Object> objects;
  H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, note_object, &objects, H5O_INFO_BASIC);
  return objects;
}

hid_t text_type(std::size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  return type;
}

hid_t pair_type() {
  const hid_t type = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(type, "a", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(type, "b", 4, H5T_NATIVE_INT);
  return type;
}

// HDF5 types live as long as the process, so they are made once.
const std::array<hid_t, 14>& types() {
  static const std::array<hid_t, 14> all{
      H5T_IEEE_F32LE, H5T_IEEE_F64LE,         H5T_IEEE_F32BE, H5T_STD_I64LE,           H5T_STD_U64LE,
      H5T_STD_I8LE,   H5T_STD_I32BE,          H5T_STD_I64BE,  text_type(H5T_VARIABLE), text_type(1),
      text_type(60),  text_type(100'000'000), pair_type(),    H5T_STD_REF_DSETREG};
  return all;
}

class Restructuring {
 public:
  Restructuring(hid_t file, Random& random) : file_(file), random_(random) {}

  void one() {
    const std::vector<Object> objects = objects_of(file_);
    if (objects.empty()) return;
    const Object object = any(objects), other = any(objects);
    const std::string inside = other.path + (other.is_group ? "/" : "_") + "x";
    switch (random_.below(10)) {
      case 0:
        return remove(object);
      case 1:
      case 2:
        remove(object);
        return array(object.path);
      case 3:
        remove(object);
        return void(H5Gclose(H5Gcreate2(file_, object.path.c_str(), 0, 0, 0)));
      case 4:  // makes a cycle if `other` lies inside `object`
        return void(H5Lcreate_hard(file_, object.path.c_str(), file_, inside.c_str(), 0, 0));
      case 5:
        return link(object, inside);
      case 6:
        return void(H5Lmove(file_, object.path.c_str(), file_, inside.c_str(), 0, 0));
      case 7: {
        remove(object);
        const hid_t type = H5Tcopy(any(types()));
        H5Tcommit2(file_, object.path.c_str(), type, 0, 0, 0);
        return void(H5Tclose(type));
      }
      default:
        return attribute(random_.below(2) == 0 ? "/" : object.path);
    }
  }

 private:
  template <typename List>
  typename List::value_type any(const List& list) {
    return list[random_.below(list.size())];
  }

  void remove(const Object& object) { H5Ldelete(file_, object.path.c_str(), H5P_DEFAULT); }

  void link(const Object& object, const std::string& inside) {
    switch (random_.below(3)) {
      case 0:
        remove(object);
        return void(H5Lcreate_soft("/nowhere", file_, object.path.c_str(), 0, 0));
      case 1:
        return void(H5Lcreate_soft(("/" + object.path).c_str(), file_, inside.c_str(), 0, 0));
      default:
        remove(object);
        return void(H5Lcreate_external("/nowhere.h5", "/", file_, object.path.c_str(), 0, 0));
    }
  }

  // A null space, or one of up to four dimensions, which are mostly small.
  hid_t space() {
    if (random_.below(12) == 0) return H5Screate(H5S_NULL);
    std::array<hsize_t, 4> sizes{};
    for (hsize_t& size : sizes)
      size = random_.below(16) == 0 ? hsize_t{1} << random_.below(62) : random_.below(6);
    return H5Screate_simple(static_cast<int>(random_.below(5)), sizes.data(), nullptr);
  }

  // Adds an array without values, because a large one could not be filled.
  void array(const std::string& path) {
    const hid_t dimensions = space(), properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(properties, H5D_ALLOC_TIME_LATE);
    if (random_.below(4) == 0) {
      const std::array<hsize_t, 4> chunk{2, 2, 2, 2};
      H5Pset_chunk(properties, std::max(1, H5Sget_simple_extent_ndims(dimensions)), chunk.data());
      if (random_.below(2) == 0) H5Pset_deflate(properties, 6);
    } else if (random_.below(8) == 0) {
      H5Pset_external(properties, "/nowhere", 0, 1 << 20);
    }
    const hid_t dataset = H5Dcreate2(file_, path.c_str(), any(types()), dimensions, 0, properties, 0);
    if (dataset >= 0) H5Dclose(dataset);
    H5Pclose(properties);
    H5Sclose(dimensions);
  }

  // Removes one of the object's attributes, and may replace it by another of that name.
  void attribute(const std::string& path) {
    const hid_t object = H5Oopen(file_, path.c_str(), H5P_DEFAULT);
    if (object < 0) return;
    std::array<char, 200> name{"x"};
    H5O_info_t info{};
    H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS);
    if (info.num_attrs > 0) {
      const hsize_t which = random_.below(info.num_attrs);
      H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, which, name.data(), name.size(), 0);
      H5Adelete(object, name.data());
    }
    if (random_.below(3) != 0) {
      const hid_t dimensions = random_.below(2) == 0 ? H5Screate(H5S_SCALAR) : space();
      const hid_t type = any(types()), made = H5Acreate2(object, name.data(), type, dimensions, 0, 0);
      const std::array<std::uint64_t, 2> value{random_.bits() >> random_.below(64), 0};
      const bool fits = H5Tget_class(type) != H5T_STRING && H5Sget_simple_extent_npoints(dimensions) == 1;
      if (made >= 0 && fits) H5Awrite(made, type, value.data());
      if (made >= 0) H5Aclose(made);
      H5Sclose(dimensions);
    }
    H5Oclose(object);
  }

  hid_t file_;
  Random& random_;
};

}  // namespace

Ranges structure_of(const Bytes& file) {
  const InputFile on_disk(file, InputFile::Where::disk);
  const hid_t opened = H5Fopen(on_disk.path().c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  require(opened >= 0, "a seed is an HDF5 file");
  Ranges values;
  for (const Object& object : objects_of(opened)) {
    if (object.is_group) continue;
    const hid_t dataset = H5Dopen2(opened, object.path.c_str(), H5P_DEFAULT);
    const haddr_t begin = H5Dget_offset(dataset);
    const hsize_t size = H5Dget_storage_size(dataset);
    if (begin != HADDR_UNDEF && size > 0) values.emplace_back(begin, begin + size);
    H5Dclose(dataset);
  }
  H5Fclose(opened);
  std::ranges::sort(values);
  Ranges structure;
  std::size_t end = 0;
  for (const auto& [first, last] : values) {
    if (first > end) structure.emplace_back(end, first);
    end = std::max(end, last);
  }
  if (file.size() > end) structure.emplace_back(end, file.size());
  return structure;
}

Bytes restructured(const Bytes& file, Random& random) {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "file.h5", {file.begin(), file.end()});
  const hid_t opened = H5Fopen((folder / "file.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  require(opened >= 0, "a seed is an HDF5 file");
  Restructuring restructuring(opened, random);
  for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) restructuring.one();
  H5Fclose(opened);
  const std::string text = testing::read_file(folder / "file.h5");
  return {text.begin(), text.end()};
}

}  // namespace revnet::fuzz
