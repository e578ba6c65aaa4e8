#include <algorithm>

#include "data/cifar.h"
#include "fuzz/target.h"

namespace revnet::fuzz {
namespace {

// Requires that the images and labels of the set are those of the file, and that each label names a class.
void check_set(const Dataset& set, const CifarFormat& format, std::size_t records, Input file) {
  require(set.size() == records && set.images.size() == records * cifar_bytes, "the set has every record");
  for (std::size_t r = 0; r < records; ++r) {
    const Input record = file.subspan(r * format.record_bytes(), format.record_bytes());
    const std::uint8_t label = record[format.label_bytes() - 1];
    require(set.labels[r] == label && label < format.classes,
            "a label equals that of the file and names a class");
    require(format.coarse_classes == 0 || record[0] < format.coarse_classes, "a coarse label names a class");
    require(std::ranges::equal(set.image(r), record.subspan(format.label_bytes())),
            "an image is that of the file");
  }
}

}  // namespace

void fuzz_cifar(Input input) {
  if (input.size() < 2) return;
  const CifarFormat& format = input[0] % 2 == 0 ? cifar10_format : cifar100_format;
  const bool right_length = input[0] / 2 % 2 == 0;
  const std::size_t records = input[1] % 4;
  Bytes file(input.begin() + 2, input.end());
  if (right_length && !file.empty()) {
    const std::size_t given = file.size();
    file.resize(records * format.record_bytes());
    for (std::size_t i = given; i < file.size(); ++i) file[i] = file[i - given];
  }
  const InputFile on_disk(file);
  Dataset set;
  if (succeeds([&] { set = read_cifar_file(on_disk.path(), format, records); })) {
    require(file.size() == records * format.record_bytes(), "a file of the wrong length is refused");
    check_set(set, format, records, file);
  }
}

}  // namespace revnet::fuzz
