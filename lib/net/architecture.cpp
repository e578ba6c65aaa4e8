#include "net/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "layers/filter.h"

namespace revnet {
namespace {

enum class Kind { resnet, revnet };
enum class Units { basic, bottleneck };

// The paper's stages: the first keeps the stem's output size, every other one halves it.
std::vector<Architecture::Stage> stages_of(const std::vector<std::int64_t>& units,
                                           const std::vector<std::int64_t>& widths) {
  std::vector<Architecture::Stage> stages;
  for (std::size_t i = 0; i < units.size(); ++i) stages.push_back({units[i], widths[i], i == 0 ? 1 : 2});
  return stages;
}

// In all CIFAR networks the stem is as wide as the first stage.
Architecture cifar(const char* name, Kind kind, Units unit, const std::vector<std::int64_t>& units,
                   const std::vector<std::int64_t>& widths) {
  return {.name = name,
          .reversible = kind == Kind::revnet,
          .bottleneck = unit == Units::bottleneck,
          .stem = {.width = widths.front()},
          .stages = stages_of(units, widths)};
}

Architecture imagenet(const char* name, Kind kind, const std::vector<std::int64_t>& units) {
  const std::vector<std::int64_t> widths = kind == Kind::revnet
                                               ? std::vector<std::int64_t>{128, 256, 512, 832}
                                               : std::vector<std::int64_t>{64, 128, 256, 512};
  return {.name = name,
          .reversible = kind == Kind::revnet,
          .bottleneck = true,
          .stem = {.kernel = 7, .stride = 2, .width = widths.front(), .pools = true},
          .stages = stages_of(units, widths),
          .image_size = 224,
          .classes = 1000};
}

class Checker {
 public:
  explicit Checker(const Architecture& architecture) : architecture_(architecture) {}

  void check(std::int64_t image_size) const {
    const Architecture::Stem& stem = architecture_.stem;
    if (architecture_.stages.empty()) refuse("it has no stages; give units and widths, one number per stage");
    positive(stem.kernel, "the stem", "kernel");
    positive(stem.stride, "the stem", "stride");
    check_width(stem.width, "the stem");
    check_stride(stem.stride, image_size, "the stem");
    if (stem.pools) check_stride(2, strided_size(image_size, stem.stride), "the stem's pooling");
    std::int64_t in = stem.width, size = architecture_.stem_size(image_size);
    for (std::size_t i = 0; i < architecture_.stages.size(); ++i) {
      const Architecture::Stage& stage = architecture_.stages[i];
      const std::string where = fmt::format("stage {}", i + 1);
      positive(stage.units, where, "units");
      positive(stage.stride, where, "stride");
      check_width(stage.width, where);
      check_stride(stage.stride, size, where);
      if (!architecture_.bottleneck) check_pooled_shortcut(stage, in, size, where);
      in = architecture_.out_width(stage);
      size = strided_size(size, stage.stride);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UsageError("{} cannot be built: {}", architecture_.name, why);
  }

  void positive(std::int64_t number, const std::string& where, const char* what) const {
    if (number < 1) refuse(fmt::format("{} has {} {}; it must be 1 or more", where, what, number));
  }

  void check_width(std::int64_t width, const std::string& where) const {
    positive(width, where, "width");
    if (architecture_.reversible && width % 2 != 0) {
      refuse(fmt::format("{} has width {}, which has no halves; a RevNet's widths are even", where, width));
    }
  }

  void check_stride(std::int64_t stride, std::int64_t size, const std::string& where) const {
    if (stride <= size) return;
    refuse(
        fmt::format("{} has stride {}, but only {}x{} pixels reach it; use larger images or smaller strides",
                    where, stride, size, size));
  }

  // Basic units have no projection: their shortcuts average-pool and pad with zero channels on both sides.
  void check_pooled_shortcut(const Architecture::Stage& stage, std::int64_t in, std::int64_t size,
                             const std::string& where) const {
    if (stage.width < in) {
      refuse(fmt::format("{} has width {} after {}; widths can shrink only in bottleneck networks{}", where,
                         stage.width, in,
                         &stage == architecture_.stages.data() ? ", so set network.stem_width, too" : ""));
    }
    if (size % stage.stride != 0) {
      refuse(
          fmt::format("{} has stride {}, which does not divide {}x{} pixels; use an image size that is a "
                      "multiple of all strides, or bottlenecks",
                      where, stage.stride, size, size));
    }
  }

  const Architecture& architecture_;
};

}  // namespace

std::int64_t Architecture::stem_size(std::int64_t image) const {
  const std::int64_t size = strided_size(image, stem.stride);
  return stem.pools ? strided_size(size, 2) : size;
}

std::int64_t Architecture::final_size(std::int64_t image) const {
  std::int64_t size = stem_size(image);
  for (const Stage& stage : stages) size = strided_size(size, stage.stride);
  return size;
}

std::int64_t Architecture::depth() const {
  std::int64_t depth = 0;
  for (const Stage& stage : stages) depth += stage.units;
  return depth;
}

std::string Architecture::units_text() const {
  std::vector<std::int64_t> units;
  for (const Stage& stage : stages) units.push_back(stage.units);
  return fmt::format("{}", fmt::join(units, "-"));
}

std::string Architecture::widths_text() const {
  std::vector<std::int64_t> widths;
  for (const Stage& stage : stages) widths.push_back(stage.width);
  return fmt::format("{}, {}", stem.width, fmt::join(widths, "-"));
}

const std::vector<Architecture>& architectures() {
  using enum Kind;
  using enum Units;
  static const std::vector<Architecture> table{
      cifar("resnet32", resnet, basic, {5, 5, 5}, {16, 32, 64}),
      cifar("revnet38", revnet, basic, {3, 3, 3}, {32, 64, 112}),
      cifar("resnet110", resnet, basic, {18, 18, 18}, {16, 32, 64}),
      cifar("revnet110", revnet, basic, {9, 9, 9}, {32, 64, 128}),
      cifar("resnet164", resnet, bottleneck, {18, 18, 18}, {16, 32, 64}),
      cifar("revnet164", revnet, bottleneck, {9, 9, 9}, {32, 64, 128}),
      imagenet("resnet50", resnet, {3, 4, 6, 3}),
      imagenet("resnet101", resnet, {3, 4, 23, 3}),
      imagenet("resnet152", resnet, {3, 8, 36, 3}),
      imagenet("revnet56", revnet, {2, 2, 3, 2}),
      imagenet("revnet104", revnet, {2, 2, 11, 2}),
  };
  return table;
}

const Architecture& find_architecture(std::string_view name) {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures()) {
    if (architecture.name == name) return architecture;
    names.push_back(architecture.name);
  }
  throw UsageError("unknown architecture '{}'{}: one of {}", name, did_you_mean(name, names), join(names));
}

void check_possible(const Architecture& architecture, std::int64_t image_size) {
  Checker(architecture).check(image_size);
}

}  // namespace revnet
