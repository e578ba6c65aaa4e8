#include "layers/parameter.h"

#include <algorithm>

#include "base/random.h"

namespace revnet {
namespace {

// FNV-1a: turns a parameter's name into the index of its random streams.
std::uint32_t hash(const std::string& name) {
  std::uint32_t h = 2166136261u;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
  return h;
}

}  // namespace

Parameter::Parameter(Device& device, std::string parameter_name, Rows part, const Layout& layout, Initial how,
                     bool weight_decay)
    : name(std::move(parameter_name)),
      rows(part),
      initial(how),
      decays(weight_decay),
      value(device, layout, MemoryPurpose::parameters),
      gradient(device, layout, MemoryPurpose::gradients),
      momentum(device, layout, MemoryPurpose::optimizer) {
  set_zero(value);
  set_zero(gradient);
  set_zero(momentum);
}

void Parameter::keep_average() {
  average = Tensor(value.device(), value.layout(), MemoryPurpose::optimizer);
  if (!value.device().is_planning()) std::ranges::copy(value.values(), average.values().begin());
}

void Parameter::initialize(std::uint64_t seed) {
  const Shape dims = shape();
  const std::int64_t row_size = size() / dims[0];
  std::vector<float> values(static_cast<std::size_t>(size()));
  auto out = values.begin();
  for (std::int64_t row = 0; row < dims[0]; ++row) {
    RandomStream random(seed, Purpose::initialization, hash(name),
                        static_cast<std::uint32_t>(rows.first + row));
    for (std::int64_t i = 0; i < row_size; ++i) {
      double drawn = initial.scale;
      if (initial.kind == Initial::Kind::truncated_normal) drawn *= random.truncated_normal();
      if (initial.kind == Initial::Kind::uniform) drawn *= 2.0 * random.uniform() - 1.0;
      *out++ = static_cast<float>(drawn);
    }
  }
  copy_from_plain(values, value);
  set_zero(momentum);
  if (!average.empty()) copy_from_plain(values, average);
}

}  // namespace revnet
