#include "net/architecture.h"

#include "base/error.h"
#include "base/text.h"

namespace revnet {

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> table{
      {"resnet32", false, false, {5, 5, 5}, 16, {16, 32, 64}},
      {"revnet38", true, false, {3, 3, 3}, 32, {32, 64, 112}},
      {"resnet110", false, false, {18, 18, 18}, 16, {16, 32, 64}},
      {"revnet110", true, false, {9, 9, 9}, 32, {32, 64, 128}},
      {"resnet164", false, true, {18, 18, 18}, 16, {16, 32, 64}},
      {"revnet164", true, true, {9, 9, 9}, 32, {32, 64, 128}},
  };
  return table;
}

const Architecture& find_architecture(std::string_view name) {
  std::vector<std::string> names;
  for (const Architecture& architecture : architectures()) {
    if (architecture.name == name) return architecture;
    names.push_back(architecture.name);
  }
  const std::string near = nearest(name, names);
  throw UsageError("unknown architecture '" + std::string(name) + "'" +
                   (near.empty() ? "" : " (did you mean '" + near + "'?)") + ": one of " + join(names));
}

}  // namespace revnet
