#include "settings/node_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace revnet {

std::string NodeReader::where(const YAML::Node& node) const {
  return fmt::format("{}:{}", origin_, node.Mark().line + 1);
}

void NodeReader::each(const YAML::Node& map, const std::string& what,
                      const std::function<void(const YAML::Node&, const YAML::Node&)>& visit) const {
  if (map.IsNull()) return;
  if (!map.IsMap()) throw UsageError("{}: {}: expected a map (key: value)", where(map), what);
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) throw UsageError(where(entry.first) + ": a key is not a plain word");
    const std::string key = entry.first.Scalar();
    if (std::ranges::count(seen, key) > 0) {
      throw UsageError("{}: key {} appears twice in {}; remove one", where(entry.first), in_quotes(key),
                       what);
    }
    seen.push_back(key);
    visit(entry.first, entry.second);
  }
}

std::string NodeReader::scalar(const YAML::Node& value, const YAML::Node& key) const {
  if (!value.IsScalar()) {
    throw UsageError("{}: {}: expected a plain value", where(key), in_quotes(key.Scalar()));
  }
  return value.Scalar();
}

void NodeReader::refuse(const YAML::Node& key, const std::string& section,
                        const std::vector<std::string>& allowed) const {
  throw UsageError("{}: unknown key {}{}; allowed: {}", where(key), in_quotes(section + "." + key.Scalar()),
                   did_you_mean(key.Scalar(), allowed), join(allowed));
}

}  // namespace revnet
