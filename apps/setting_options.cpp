#include "setting_options.h"

#include <cstdlib>
#include <iostream>

#include <unistd.h>

#include "base/error.h"
#include "help_format.h"
#include "option_values.h"
#include "settings_help.h"

namespace revnet {

SettingOptions::SettingOptions(CLI::App& app) {
  for (const Setting& setting : settings()) {
    if (!setting.option.name.empty()) declare(app, setting);
  }
  option_of(app, "--epochs")->excludes(option_of(app, "--iterations"));
  take_any_setting(app);
}

SettingOptions::SettingOptions(CLI::App& app, const std::vector<std::string>& keys) {
  also_take(app, keys);
}

void SettingOptions::also_take(CLI::App& app, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) declare(app, *find_setting(key));
}

void SettingOptions::take_any_setting(CLI::App& app) {
  app.add_option("--config", config_file_, "experiment file with any settings, in YAML")
      ->type_name("FILE")
      ->group("Settings");
  app.add_option("--set", assignments_, "set any single setting, such as training.momentum=0.8; repeatable")
      ->type_name("KEY=VALUE")
      ->check(choices_of_assignments())
      ->take_all()
      ->allow_extra_args(false)
      ->group("Settings");
  app.add_flag_callback(
         "--help-settings",
         [] {
           std::cout << wrapped(settings_help(), help_columns(STDOUT_FILENO, std::getenv("COLUMNS")), 6);
           throw CLI::Success();
         },
         "print every setting with its default, and exit")
      ->group("Settings");
}

void SettingOptions::declare(CLI::App& app, const Setting& setting) {
  const std::string& name = setting.option.name;
  const std::string help = option_help(setting);
  if (std::holds_alternative<Field<bool>>(setting.field)) {
    app.add_flag_callback(
           name, [this, &setting] { given_.emplace_back(&setting, "true"); }, help)
        ->disable_flag_override()  // so that --keep-best=false is refused, not ignored
        ->group(setting.group);
    return;
  }
  const auto take = [this, &setting](const std::string& value) { given_.emplace_back(&setting, value); };
  CLI::Option* option = app.add_option_function<std::string>(name, take, help)
                            ->type_name(setting.option.value)
                            ->check(choices(setting.choices))
                            ->group(setting.group);
  const std::string otherwise = setting.yaml(Config{});
  if (name.starts_with('-') && otherwise != "\"\"") option->default_str(otherwise);
}

const std::string& SettingOptions::config_text() const {
  if (!config_text_) config_text_ = read_experiment_file(config_file_);
  return *config_text_;
}

Config SettingOptions::apply_to(Config config) const {
  if (!config_file_.empty()) read_config_text(config, config_text(), config_file_);
  const auto apply_command_line = [&](Config& to) {
    for (const std::string& assignment : assignments_) apply(to, assignment, "--set");
    for (const auto& [setting, value] : given_) set_value(to, setting->key, value, setting->option.name);
  };
  Config without_environment = config;
  apply_command_line(without_environment);
  apply_environment(config, [](const char* name) { return std::getenv(name); });
  apply_command_line(config);
  // $REVNET_DATA is the folder in which CIFAR's sets are; each set of photographs has a folder of its own.
  const std::string& named = without_environment.dataset.directory;
  if (has_photographs(config) && named != Config{}.dataset.directory) config.dataset.directory = named;
  return config;
}

CLI::Option* option_of(CLI::App& app, const std::string& name) {
  return app.get_options([&](const CLI::Option* option) { return option->check_name(name); }).at(0);
}

bool SettingOptions::names(const std::string& key) const {
  // What is given does not depend on the default.
  const auto with_default = [&](const std::string& choice) {
    Config config;
    set_value(config, key, choice, key);
    return value_of(apply_to(std::move(config)), key);
  };
  const std::vector<std::string>& choices = find_setting(key)->choices;
  return with_default(choices.front()) == with_default(choices.back());
}

void SettingOptions::refuse_ignored(const std::function<bool(const std::string& key)>& acts,
                                    const std::string& command) const {
  apply_to({});  // reports unknown keys
  const auto check = [&](const std::string& key, const std::string& given) {
    if (!acts(key)) throw UsageError("{} changes nothing with {}; leave it out", given, command);
  };
  for (const std::string& assignment : assignments_) {
    const std::string key(assigned_key(assignment));
    check(key, "--set " + key);
  }
  for (const auto& [setting, value] : given_) check(setting->key, setting->option.name);
}

std::vector<Config> with_networks(const SettingOptions& options, const std::vector<std::string>& names,
                                  const std::vector<std::string>& otherwise) {
  const Config settings = options.apply_to({});
  const bool named = options.names("network.architecture") ||
                     network_name(settings.network) != network_name(Config{}.network);
  if (names.empty() && named) return {settings};
  std::vector<Config> each;
  for (const std::string& name : names.empty() ? otherwise : names) {
    each.push_back(settings);
    set_value(each.back(), "network.architecture", name, "--arch");
  }
  return each;
}

void require_defaults(const Config& settings, const std::vector<std::string>& keys,
                      const std::string& command) {
  for (const std::string& key : keys) {
    const std::string value = value_of(settings, key), otherwise = value_of(Config{}, key);
    if (value == otherwise) continue;
    throw UsageError("{} is {}, but {} measures only {}; add --set {}={}", key, value, command, otherwise,
                     key, otherwise);
  }
}

std::string environment_help(const std::vector<Variable>& variables) {
  std::string text = "\n\nEnvironment:";
  for (const Variable& variable : variables)
    text += fmt::format("\n  {}\n      {}", variable.name, variable.what);
  return text;
}

}  // namespace revnet
