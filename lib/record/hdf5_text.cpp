// Strings in either form, of fixed or of variable length: h5py and this program write both.
#include <functional>

#include <hdf5.h>

#include "record/hdf5.h"
#include "record/hdf5_handle.h"

namespace revnet::hdf5 {
namespace {

// Where one string is stored and how to read it; `read` is H5Dread or H5Aread.
struct StoredText {
  Handle type, space;
  std::function<herr_t(hid_t memory_type, void* target)> read;
};

// Returns the reason for a failure, or "" on success.
std::string read_text(const StoredText& stored, std::uint64_t limit, std::string& result) {
  if (stored.type.id() < 0 || stored.space.id() < 0) return take_error();
  if (H5Tget_class(stored.type.id()) != H5T_STRING) return "it is not text";
  if (H5Sget_simple_extent_npoints(stored.space.id()) != 1) return "it is not one text";
  const Handle memory_type(H5Tcopy(stored.type.id()));
  if (H5Tis_variable_str(stored.type.id()) > 0) {
    char* text = nullptr;
    if (stored.read(memory_type.id(), static_cast<void*>(&text)) < 0) return take_error();
    if (text != nullptr) result = text;
    H5free_memory(text);
    return {};
  }
  const std::size_t size = H5Tget_size(stored.type.id());
  if (size > limit) return "it claims to be larger than the whole file";
  result.assign(size, '\0');
  if (stored.read(memory_type.id(), result.data()) < 0) return take_error();
  result.resize(std::min(result.find('\0'), size));
  return {};
}

}  // namespace

std::string Reader::text(const std::string& name) const {
  const Handle opened = dataset(name);
  const StoredText stored{Handle(H5Dget_type(opened.id())), Handle(H5Dget_space(opened.id())),
                          [&](hid_t type, void* target) {
                            return H5Dread(opened.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, target);
                          }};
  std::string result;
  const std::string reason = read_text(stored, file_bytes_, result);
  if (!reason.empty()) fail(absolute(name) + ": " + reason);
  return result;
}

std::vector<std::string> Reader::texts(const std::string& name) const {
  const Handle opened = dataset(name);
  const std::string label = absolute(name);
  const Handle type(checked(H5Dget_type(opened.id()), label));
  const Handle space(checked(H5Dget_space(opened.id()), label));
  if (H5Tis_variable_str(type.id()) <= 0) fail(label + " is not variable-length text");
  const std::vector<std::int64_t> shape = checked_shape(space.id(), sizeof(char*), label);
  if (shape.size() != 1) fail(label + " has rank " + std::to_string(shape.size()) + ", not 1");
  std::vector<char*> found(static_cast<std::size_t>(shape[0]), nullptr);
  std::vector<std::string> result;
  if (found.empty()) return result;
  if (H5Dread(opened.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<void*>(found.data())) < 0) {
    fail(label + ": " + take_error());
  }
  for (const char* text : found) result.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, static_cast<void*>(found.data()));
  return result;
}

std::string Reader::text_attribute(const std::string& object_name, const std::string& name) const {
  const Handle opened = attribute(object_name, name);
  const StoredText stored{Handle(H5Aget_type(opened.id())), Handle(H5Aget_space(opened.id())),
                          [&](hid_t type, void* target) { return H5Aread(opened.id(), type, target); }};
  std::string result;
  const std::string reason = read_text(stored, file_bytes_, result);
  if (!reason.empty()) fail("attribute {} of {}: {}", name, absolute(object_name), reason);
  return result;
}

}  // namespace revnet::hdf5
