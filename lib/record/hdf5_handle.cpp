#include "record/hdf5_handle.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
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
  H5dont_atexit();  // all is closed by then, and without memory closing the library crashes
  if (H5open() < 0) throw std::bad_alloc();  // nothing else keeps it from starting
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

namespace {

struct Innermost {
  std::array<char, 256> description{};
  bool out_of_memory = false;
};

// Called from C, through which no exception may pass: it allocates nothing.
herr_t keep_innermost(unsigned, const H5E_error2_t* entry, void* target) {
  auto& kept = *static_cast<Innermost*>(target);
  kept.out_of_memory |= entry->maj_num == H5E_RESOURCE && entry->min_num == H5E_NOSPACE;
  const bool innermost = kept.description[0] == '\0';
  kept.out_of_memory |= innermost && entry->min_num == H5E_CANTALLOC;
  if (innermost && entry->desc != nullptr) {
    std::strncpy(kept.description.data(), entry->desc, kept.description.size() - 1);
  }
  return 0;
}

}  // namespace

std::string take_error() {
  Innermost kept;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &kept);
  H5Eclear2(H5E_DEFAULT);
  if (kept.out_of_memory) throw std::bad_alloc();
  std::ranges::replace(kept.description, '\n', ' ');
  return kept.description[0] == '\0' ? "unknown HDF5 error" : kept.description.data();
}

std::string absolute(const std::string& name) {
  return name.starts_with('/') ? name : "/" + name;
}

}  // namespace revnet::hdf5
