#include "record/node_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace revnet {

std::string NodeReader::where(const YAML::Node& node) const {
  return origin_ + ":" + std::to_string(node.Mark().line + 1);
}

void NodeReader::each(const YAML::Node& map, const std::string& what,
                      const std::function<void(const YAML::Node&, const YAML::Node&)>& visit) const {
  if (map.IsNull()) return;
  if (!map.IsMap()) throw UsageError(where(map) + ": " + what + ": expected a map (key: value)");
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) throw UsageError(where(entry.first) + ": a key is not a plain word");
    const std::string key = entry.first.Scalar();
    if (std::ranges::count(seen, key) > 0) {
      throw UsageError(where(entry.first) + ": key " + in_quotes(key) + " appears twice in " + what +
                       "; remove one");
    }
    seen.push_back(key);
    visit(entry.first, entry.second);
  }
}

std::string NodeReader::scalar(const YAML::Node& value, const YAML::Node& key) const {
  if (!value.IsScalar())
    throw UsageError(where(key) + ": " + in_quotes(key.Scalar()) + ": expected a plain value");
  return value.Scalar();
}

void NodeReader::refuse(const YAML::Node& key, const std::string& section,
                        const std::vector<std::string>& allowed) const {
  const std::string near = nearest(key.Scalar(), allowed);
  throw UsageError(where(key) + ": unknown key " + in_quotes(section + "." + key.Scalar()) +
                   (near.empty() ? "" : " (did you mean '" + near + "'?)") + "; allowed: " + join(allowed));
}

}  // namespace revnet
