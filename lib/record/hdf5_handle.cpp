#include "record/hdf5_handle.h"

#include <type_traits>
#include <utility>

#include <hdf5.h>

#include "record/hdf5.h"

namespace revnet::hdf5 {

static_assert(std::is_same_v<hid_t, std::int64_t>, "Handle holds a hid_t of HDF5 1.10 or later");

Handle::Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  return *this;
}

Handle::~Handle() {
  // A failure here loses nothing: after save(), no data remains in HDF5's buffers.
  if (id_ >= 0) H5Idec_ref(id_);
}

void start_library() {
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string take_error() {
  std::string description;
  const auto keep_innermost = [](unsigned, const H5E_error2_t* entry, void* target) -> herr_t {
    auto& text = *static_cast<std::string*>(target);
    if (text.empty() && entry->desc != nullptr) text = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &description);
  H5Eclear2(H5E_DEFAULT);
  for (char& c : description) {
    if (c == '\n') c = ' ';
  }
  return description.empty() ? "unknown HDF5 error" : description;
}

std::string absolute(const std::string& name) {
  return name.starts_with('/') ? name : "/" + name;
}

}  // namespace revnet::hdf5
