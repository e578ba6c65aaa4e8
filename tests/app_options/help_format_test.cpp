// --help fits the terminal.
#include "help_format.h"

#include <array>
#include <sstream>

#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include "files.h"

namespace revnet {
namespace {

using testing::contains;

TEST_CASE("long lines are broken between words") {
  CHECK(wrapped("  --way  one two\n", 16, 9) == "  --way  one two\n");
  CHECK(wrapped("  --way  one two\n", 15, 9) == "  --way  one\n         two\n");
  CHECK(wrapped("  --way  one two three four\n", 18, 9) ==
        "  --way  one two\n         three\n         four\n");
  CHECK(wrapped("short\n  --way  unbreakable\n", 12, 4) == "short\n  --way\n    unbreakable\n");
  CHECK(wrapped("    unbreakable two\n", 10, 4) == "    unbreakable\n    two\n");
}

TEST_CASE("help has the width of its terminal, and 100 columns elsewhere") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  CHECK(help_columns(ends[1], nullptr) == 100);
  CHECK(help_columns(ends[1], "60") == 100);
  for (const int end : ends) ::close(end);

  int terminal = 0, program = 0;
  const auto columns = [&](unsigned short width, const char* variable) {
    const winsize size{.ws_row = 24, .ws_col = width, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(::openpty(&terminal, &program, nullptr, nullptr, &size) == 0);
    const std::size_t found = help_columns(program, variable);
    ::close(terminal);
    ::close(program);
    return found;
  };
  CHECK(columns(80, nullptr) == 80);
  CHECK(columns(200, nullptr) == 100);
  CHECK(columns(0, nullptr) == 100);
  CHECK(columns(80, "60") == 60);
  CHECK(columns(80, "160") == 100);
  for (const char* nonsense : {"", "wide", "-1", "0"}) CHECK(columns(80, nonsense) == 80);
}

TEST_CASE("descriptions of options and subcommands wrap, also below a subcommand") {
  CLI::App app("Does something.", "revnet-try");
  const std::string help = "words that are more than what fits beside the name of an option";
  bool flag = false;
  std::string text;
  app.add_option("place", text, help);
  app.add_flag("--way", flag, help);
  CLI::App* below = app.add_subcommand("go", help);
  below->add_flag("--far", flag, help);
  format_help(app, 60);
  for (const std::string& shown : {app.help(), below->help()}) {
    std::istringstream lines(shown.substr(shown.find("Usage:")));
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 60, line);
  }
  const std::string indent(34, ' '),
      words = "words that are more than\n" + indent + "what fits beside the name\n";
  for (const char* name : {"  place TEXT", "  --way", "  go"}) {
    CHECK(contains(app.help(), (name + indent).substr(0, 34) + words));
  }
  CHECK(contains(below->help(), ("  --far" + indent).substr(0, 34) + words));
  format_help(app, 5);  // still leaves room for a word
  CHECK(contains(below->help(), ("  --far" + indent).substr(0, 34) + "words that are more\n"));
}

}  // namespace
}  // namespace revnet
