#include "command_line.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>
#include <set>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/version.h"
#include "description.h"
#include "help_format.h"
#include "system/host.h"
#include "system/process.h"

namespace revnet {
namespace {

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_name().empty()) names.push_back(command->get_name());
  }
  return names;
}

// CLI11 would say only that a subcommand is required, and name unknown words in reverse.
void check_words(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string command = app.get_name();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::vector<std::string> names = names_of_commands(*at);
    if (names.empty() || word.starts_with('-')) return;
    if (std::ranges::count(names, word) == 0) {
      throw UsageError("{} has no command {}; it has {}", command, in_quotes(word), join(names));
    }
    at = at->get_subcommand(word);
    command += ' ' + word;
  }
  std::vector<std::string> names = names_of_commands(*at);
  if (!names.empty()) throw UsageError("{} needs a command: {}", command, join(names));
}

// CLI11 would take an option for the value of the one before it. An empty value is most often a shell
// variable that is not set, and would count as no value at all.
void check_values(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::set<const CLI::Option*> seen;
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
    const bool takes_one = option != nullptr && option->get_items_expected_max() == 1 &&
                           option->get_multi_option_policy() == CLI::MultiOptionPolicy::Throw;
    if (takes_one && !seen.insert(option).second) {
      throw UsageError("{}: {} is given twice", app.get_name(), argv[i]);
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
