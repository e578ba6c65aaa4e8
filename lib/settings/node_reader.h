// What the readers of an experiment file's sections share. Internal to lib/settings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace revnet {

// Every error is a UsageError that begins with FILE:LINE. `origin` names the file and must outlive the
// reader.
class NodeReader {
 public:
  explicit NodeReader(const std::string& origin) : origin_(origin) {}

  // "FILE:LINE".
  std::string where(const YAML::Node& node) const;
  // Calls visit(key, value) for every entry of a map whose keys are distinct words; `what` names the map in
  // messages.
  void each(const YAML::Node& map, const std::string& what,
            const std::function<void(const YAML::Node&, const YAML::Node&)>& visit) const;
  // The value's text; `key` names it in messages.
  std::string scalar(const YAML::Node& value, const YAML::Node& key) const;
  // Throws "unknown key 'sweep.NAME'" with the allowed keys and the likely intended one.
  [[noreturn]] void refuse(const YAML::Node& key, const std::string& section,
                           const std::vector<std::string>& allowed) const;

 private:
  const std::string& origin_;
};

}  // namespace revnet
