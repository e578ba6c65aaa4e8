// What the readers of an experiment file's sections share. Internal to lib/record.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

namespace revnet {

// Every error is a UsageError that begins with "FILE:LINE: ". The origin (the file) must outlive the reader.
class NodeReader {
 public:
  explicit NodeReader(const std::string& origin) : origin_(origin) {}

  // "FILE:LINE".
  std::string where(const YAML::Node& node) const;
  // visit(key, value) for every entry of a map, keys being words that differ; `what` is the map's own name.
  void each(const YAML::Node& map, const std::string& what,
            const std::function<void(const YAML::Node&, const YAML::Node&)>& visit) const;
  // The value's text; key is what it is called in messages.
  std::string scalar(const YAML::Node& value, const YAML::Node& key) const;
  // "unknown key 'sweep.NAME'", with what is allowed, and what may be meant.
  [[noreturn]] void refuse(const YAML::Node& key, const std::string& section,
                           const std::vector<std::string>& allowed) const;

 private:
  const std::string& origin_;
};

}  // namespace revnet
