#include "network_choice.h"

#include <utility>

#include "option_values.h"

namespace revnet {

NetworkChoice::NetworkChoice(CLI::App& app, std::vector<std::string> otherwise, const std::string& in_words)
    : otherwise_(std::move(otherwise)) {
  app.add_option("--arch", names_, "a network; may be repeated")
      ->type_name("NAME")
      ->check(choices_of_setting("network.architecture"))
      ->default_str(in_words)
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--config", config_file_, "experiment file with a network of one's own")->type_name("FILE");
  app.add_option("--set", assignments_, "changes each network, such as network.units=5,5,5; may be repeated")
      ->type_name("KEY=VALUE")
      ->check(choices_of_assignments())
      ->take_all()
      ->allow_extra_args(false);
}

std::vector<Config> NetworkChoice::settings() const {
  Config config;
  if (!config_file_.empty()) read_config_file(config, config_file_);
  for (const std::string& assignment : assignments_) apply(config, assignment, "--set");
  const bool names_none =
      names_.empty() && (!config_file_.empty() || config.network.architecture == Config::Network::custom);
  if (names_none) return {config};
  std::vector<Config> each;
  for (const std::string& name : names_.empty() ? otherwise_ : names_) {
    each.push_back(config);
    set_value(each.back(), "network.architecture", name, "--arch");
  }
  return each;
}

std::vector<std::string> NetworkChoice::arguments(const std::string& architecture) const {
  std::vector<std::string> words{"--arch", architecture};
  if (!config_file_.empty()) words.insert(words.end(), {"--config", config_file_});
  for (const std::string& assignment : assignments_) words.insert(words.end(), {"--set", assignment});
  return words;
}

}  // namespace revnet
