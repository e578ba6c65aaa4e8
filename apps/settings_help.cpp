#include "settings_help.h"

#include <fmt/format.h>

#include "settings/config_schema.h"

namespace revnet {

std::string settings_help() {
  std::string text =
                  "Settings for --set KEY=VALUE and for experiment files (--config), with their defaults.\n",
              group;
  for (const Setting& setting : settings()) {
    if (setting.group != group) text += fmt::format("\n{}:\n", setting.group);
    group = setting.group;
    const std::string option = setting.option.name.starts_with('-') ? "; also " + setting.option.name : "";
    text += fmt::format("  {}={}\n      {}\n      {}{}\n", setting.key, setting.yaml(Config{}), setting.help,
                        setting.allowed(), option);
  }
  return text;
}

}  // namespace revnet
