#include "record/packed_images.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/crc32.h"
#include "record/format_version.h"
#include "record/read_apart.h"

namespace revnet {
namespace {

constexpr std::int64_t packed_images_version = 1;
constexpr const char* kind = "packed images";

constexpr const char* index_checksum = "index_crc32";

void extend(std::uint32_t& crc, const std::string& text) {
  crc = crc32(std::as_bytes(std::span(text.c_str(), text.size() + 1)), crc);
}

void extend(std::uint32_t& crc, const PackedSet& set) {
  for (const auto* column : {&set.offset, &set.size, &set.label, &set.checksum}) {
    crc = crc32(std::as_bytes(std::span(*column)), crc);
  }
  for (const std::string& name : set.name) extend(crc, name);
}

PackedSet read_set(const hdf5::Reader& file, const std::string& name, std::size_t classes,
                   std::uint32_t& crc) {
  const hdf5::Reader::Extent bytes = file.extent_of_bytes(name + "/bytes");
  PackedSet set{file.integers(name + "/offset"), file.integers(name + "/size"),
                file.integers(name + "/label"), file.integers(name + "/checksum"),
                file.texts(name + "/name")};
  extend(crc, set);
  const std::size_t images = set.offset.size();
  for (const std::size_t count : {set.size.size(), set.label.size(), set.checksum.size(), set.name.size()}) {
    if (count != images)
      file.fail(fmt::format("/{} has columns of different lengths, {} and {}", name, images, count));
  }
  for (std::size_t i = 0; i < images; ++i) {
    const auto offset = static_cast<std::uint64_t>(set.offset[i]),
               size = static_cast<std::uint64_t>(set.size[i]);
    if (offset > bytes.size || size > bytes.size - offset) {
      file.fail(fmt::format("/{}: image {} lies outside the set's bytes", name, i));
    }
    if (static_cast<std::uint64_t>(set.label[i]) >= classes) {
      file.fail(fmt::format("/{}: image {} has label {}, which names no class", name, i, set.label[i]));
    }
    set.offset[i] += static_cast<std::int64_t>(bytes.offset);
  }
  return set;
}

PackedImages read_here(const std::filesystem::path& path) {
  const hdf5::Reader file(path);
  check_kind(file, "kind", kind, "a file that revnet-data pack wrote");
  check_format_version(file, packed_images_version);
  PackedImages images;
  images.classes = file.texts("classes");
  std::uint32_t crc = 0;
  for (const std::string& name : images.classes) extend(crc, name);
  images.train = read_set(file, "train", images.classes.size(), crc);
  images.val = read_set(file, "val", images.classes.size(), crc);
  // Earlier versions wrote none.
  if (file.has_attribute("/", index_checksum) && file.unsigned_attribute("/", index_checksum) != crc) {
    file.fail("its classes or the columns that describe its images are not those that were written");
  }
  return images;
}

}  // namespace

template <class Archive>
void fields(Archive& archive, PackedSet& set) {
  archive(set.offset, set.size, set.label, set.checksum, set.name);
}

template <class Archive>
void fields(Archive& archive, PackedImages& images) {
  archive(images.classes, images.train, images.val);
}

PackedImageWriter::PackedImageWriter(std::filesystem::path target, const std::vector<std::string>& classes)
    : file_(std::move(target), hdf5::Writer::Place::disk) {
  file_.attribute("/", format_version_name, packed_images_version);
  file_.attribute("/", "kind", std::string(kind));
  file_.texts("classes", classes);
  for (const std::string& name : classes) extend(index_crc_, name);
}

void PackedImageWriter::begin(const std::string& set, std::uint64_t bytes) {
  end_set();
  name_ = set;
  bytes_ = bytes;
  written_ = 0;
  set_ = {};
  file_.bytes(name_ + "/bytes", bytes);
}

void PackedImageWriter::add(const std::string& name, std::int64_t label, std::uint32_t checksum,
                            std::span<const std::uint8_t> bytes) {
  if (bytes.size() > bytes_ - written_)
    throw std::logic_error("a packed set exceeds the size given to begin()");
  set_.offset.push_back(static_cast<std::int64_t>(written_));
  set_.size.push_back(static_cast<std::int64_t>(bytes.size()));
  set_.label.push_back(label);
  set_.checksum.push_back(checksum);
  set_.name.push_back(name);
  file_.write_bytes(name_ + "/bytes", written_, bytes);
  written_ += bytes.size();
}

void PackedImageWriter::end_set() {
  if (name_.empty()) return;
  if (written_ != bytes_) throw std::logic_error("a packed set falls short of the size given to begin()");
  file_.integers(name_ + "/offset", set_.offset);
  file_.integers(name_ + "/size", set_.size);
  file_.integers(name_ + "/label", set_.label);
  file_.integers(name_ + "/checksum", set_.checksum);
  file_.texts(name_ + "/name", set_.name);
  extend(index_crc_, set_);
}

void PackedImageWriter::save() {
  end_set();
  file_.attribute("/", index_checksum, std::uint64_t{index_crc_});
  file_.save();
}

PackedImages read_packed_images(const std::filesystem::path& file) {
  return read_value_apart(file, PackedImages(), [&] { return read_here(file); });
}

}  // namespace revnet
