#include "training_options.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/version.h"
#include "description.h"
#include "help_format.h"
#include "option_values.h"
#include "settings_help.h"
#include "system/host.h"
#include "system/process.h"

namespace revnet {

TrainingOptions::TrainingOptions(CLI::App& app) {
  for (const Setting& setting : settings()) {
    if (!setting.option.name.empty()) declare(app, setting);
  }
  option_of(app, "--epochs")->excludes(option_of(app, "--iterations"));
  take_any_setting(app);
}

TrainingOptions::TrainingOptions(CLI::App& app, const std::vector<std::string>& keys) {
  also_take(app, keys);
}

void TrainingOptions::also_take(CLI::App& app, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) declare(app, *find_setting(key));
}

void TrainingOptions::take_any_setting(CLI::App& app) {
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

void TrainingOptions::declare(CLI::App& app, const Setting& setting) {
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

Config TrainingOptions::apply_to(Config config) const {
  if (!config_file_.empty()) read_config_file(config, config_file_);
  apply_environment(config, [](const char* name) { return std::getenv(name); });
  for (const std::string& assignment : assignments_) apply(config, assignment, "--set");
  for (const auto& [setting, value] : given_) set_value(config, setting->key, value, setting->option.name);
  return config;
}

CLI::Option* option_of(CLI::App& app, const std::string& name) {
  return app.get_options([&](const CLI::Option* option) { return option->check_name(name); }).at(0);
}

bool TrainingOptions::names(const std::string& key) const {
  // What is given does not depend on the default.
  const auto with_default = [&](const std::string& choice) {
    Config config;
    set_value(config, key, choice, key);
    return value_of(apply_to(std::move(config)), key);
  };
  const std::vector<std::string>& choices = find_setting(key)->choices;
  return with_default(choices.front()) == with_default(choices.back());
}

void TrainingOptions::refuse_ignored(const std::function<bool(const std::string& key)>& acts,
                                     const std::string& command) const {
  const auto check = [&](const std::string& key, const std::string& given) {
    if (!acts(key)) throw UsageError("{} changes nothing with {}; leave it out", given, command);
  };
  for (const std::string& assignment : assignments_) {
    const std::string key = assignment.substr(0, assignment.find('='));
    check(key, "--set " + key);
  }
  for (const auto& [setting, value] : given_) check(setting->key, setting->option.name);
}

std::vector<Config> with_networks(const TrainingOptions& options, const std::vector<std::string>& names,
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

void refuse_ignored(const Config& settings, const std::vector<std::string>& keys,
                    const std::string& command) {
  for (const std::string& key : keys) {
    const std::string value = value_of(settings, key), otherwise = value_of(Config{}, key);
    if (value == otherwise) continue;
    throw UsageError("{} is {}, but {} measures only {}; add --set {}={}", key, value, command, otherwise,
                     key, otherwise);
  }
}

namespace {

// CLI11 would say only that a subcommand is required, and name unknown words in reverse.
void check_words(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string command = app.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    std::vector<std::string> names;
    for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
      if (!command->get_name().empty()) names.push_back(command->get_name());
    }
    if (names.empty() || word.starts_with('-')) return;
    if (std::ranges::count(names, word) == 0) {
      throw UsageError("{} has no command {}; it has {}", command, in_quotes(word), join(names));
    }
    at = at->get_subcommand(word);
    command += ' ' + word;
  }
}

// CLI11 would take an option for the value of the one before it. An empty value is most often a shell
// variable that is not set, and would count as no value at all.
void check_values(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  const auto option_at = [&](int i) -> const CLI::Option* {
    return std::string_view(argv[i]).starts_with("--") ? at->get_option_no_throw(argv[i]) : nullptr;
  };
  for (int i = 1; i + 1 < argc; ++i) {
    const auto commands =
        at->get_subcommands([&](const CLI::App* app) { return app->get_name() == argv[i]; });
    if (!commands.empty()) at = commands.front();
    const CLI::Option* option = option_at(i);
    if (option != nullptr && option->get_items_expected_min() > 0 && option_at(i + 1) != nullptr) {
      throw UsageError("{}: {} needs a value, but {} follows", app.get_name(), argv[i], argv[i + 1]);
    }
    if (option != nullptr && option->get_items_expected_min() > 0 && *argv[i + 1] == '\0') {
      throw UsageError("{}: the value of {} is empty", app.get_name(), argv[i]);
    }
  }
}

// One line about arguments that no option takes.
std::string unexpected(const std::vector<std::string>& words) {
  const auto option =
      std::ranges::find_if(words, [](const std::string& word) { return word.starts_with('-'); });
  if (option != words.end()) return fmt::format("there is no option {}", *option);
  return fmt::format("{} was not expected", in_quotes(words.front()));
}

}  // namespace

int parse(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + version());
  if (argc > 1 && std::string_view(argv[1]) == "--describe") {
    return guarded(app.get_name(), [&] {
      if (argc != 3) throw UsageError("--describe takes one of {}", join(description_formats()));
      std::cout << described(app, argv[2]) << std::flush;
      return static_cast<int>(ExitCode::done);
    });
  }
  format_help(app, help_columns(STDOUT_FILENO, std::getenv("COLUMNS")));
  try {
    check_words(app, argc, argv);
    check_values(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const UsageError& error) {
    std::cerr << error.what() << " (see --help)\n";
    return static_cast<int>(ExitCode::usage);
  } catch (const CLI::ExtrasError& error) {
    std::cerr << app.get_name() << ": " << unexpected(app.remaining(true)) << " (see --help)\n";
    return static_cast<int>(ExitCode::usage);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << error.what() << " (see --help)\n";
    return static_cast<int>(ExitCode::usage);
  }
  return -1;
}

int guarded(const std::string& program, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    std::cerr << program << ": " << error.what() << '\n';
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    std::cerr << program << ": out of memory: free some, or use a smaller --batch\n";
  } catch (const std::filesystem::filesystem_error& error) {
    // Such as a name that is too long, or a folder that may not be searched.
    std::cerr << program << ": cannot use " << error.path1().string() << ": " << error.code().message()
              << '\n';
  } catch (const std::system_error& error) {
    // A thread could not be started.
    const bool short_of = error.code() == std::errc::resource_unavailable_try_again;
    std::cerr << program
              << (short_of ? ": no memory for another thread, or too many of them (ulimit -u): "
                           : ": internal error: ")
              << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << program << ": internal error: " << error.what() << '\n';
  }
  return static_cast<int>(ExitCode::failed);
}

int guarded_program(const std::string& program, const std::function<int()>& body) {
  repair_inherited_state();
  const int code = guarded(program, body);
  // A full disk shows only when the last results leave the buffers.
  std::cout.flush();
  if (std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::cerr << program << ": cannot write to the standard output; check where it leads\n";
  return code == static_cast<int>(ExitCode::done) ? static_cast<int>(ExitCode::failed) : code;
}

std::string how_to_draw(const std::string& figure, const std::filesystem::path& source) {
  return fmt::format("draw it with: {} {} {}",
                     shell_quoted(find_script(program_path(), "figures.py").string()), figure,
                     shell_quoted(source.string()));
}

std::string command_line(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i > 0 ? " " : "") + shell_quoted(argv[i]);
  return line;
}

}  // namespace revnet
