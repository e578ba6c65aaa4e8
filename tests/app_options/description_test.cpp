// Completions and help2man's input, generated from an awkward command line.
#include "description.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "option_values.h"

namespace revnet {
namespace {

using testing::contains;

struct Awkward {
  Awkward() : app("Does [this] and 'that'.", "revnet-try") {
    app.add_option("--way", text, "it's [a] way: b\\c")
        ->type_name("WAY")
        ->check(CLI::IsMember({"up", "down"}));
    app.add_option("--known", text, "some")
        ->type_name("X")
        ->check(choices({"one", "two"}))
        ->default_str("one");
    auto* many =
        app.add_option("-o,--output", texts, ".begins with a dot")->type_name("FILE")->group("Files");
    many->take_all()->allow_extra_args(false);
    auto* quiet = app.add_flag("--quiet", flag, "says \"nothing\"")->group("Files");
    app.add_flag("--loud", flag, "~^`")->excludes(quiet)->group("Files");
    app.add_flag("--secret", flag, "nobody's business")->group("");
    CLI::App* sub = app.add_subcommand("go", "goes: somewhere");
    sub->add_option("where", text, "a place: any")->type_name("DIR")->required();
    sub->add_option("how", texts, "how");
    app.add_subcommand("hidden", "gone")->group("");
    app.footer(
        "Examples:\n  revnet-try go .\n      here\n\nExit codes: 0 done, well, 1 not.\n\nEnvironment:\n  "
        "REVNET_DATA\n      a folder");
  }
  CLI::App app;
  std::string text;
  std::vector<std::string> texts;
  bool flag = false;
};

TEST_CASE("completions have a row for every option, argument and subcommand") {
  Awkward awkward;
  for (const std::string shell : {"bash", "zsh"}) {
    const std::string text = described(awkward.app, shell);
    CAPTURE(text);
    for (const char* row :
         {"|--way|up down|it'\\''s [a] way: b\\c", "|--known|one two|some", "|-o|@files|.begins with a dot",
          "|--output|@files|.begins with a dot", "|--quiet||says \"nothing\"", "|--loud||~^`",
          "|go|@command|goes: somewhere", "go|1|@directories|a place: any", "go|*|@text|how"}) {
      CHECK(contains(text, "\n" + std::string(row) + "\n"));
    }
    CHECK_FALSE(contains(text, "secret"));
    CHECK_FALSE(contains(text, "hidden"));
  }
  CHECK(described(awkward.app, "zsh").starts_with("#compdef revnet-try\n"));
  CHECK(contains(described(awkward.app, "bash"), "\ncomplete -F _revnet_try revnet-try\n"));
}

TEST_CASE("declared choices refuse no value and do not appear in --help") {
  Awkward awkward;
  CHECK_NOTHROW(awkward.app.parse("--known three"));
  CHECK(awkward.text == "three");
  CHECK(contains(awkward.app.help(), "--known X=one "));
  CHECK_THROWS_AS(awkward.app.parse("--way three"), CLI::ValidationError);
}

TEST_CASE("settings declare their choices") {
  CLI::App app;
  std::string text;
  std::vector<std::string> texts;
  CLI::Option* way = add_repeated_option(app, "network.convolution", texts);
  CLI::Option* mode = add_repeated_option(app, "network.activations", texts, {"stored", "recursive"});
  CLI::Option* batch = add_repeated_option(app, "training.batch", texts);
  CLI::Option* set = app.add_option("--set", text)->check(choices_of_assignments());
  CHECK(declared_choices(*way) == std::vector<std::string>{"auto", "direct"});
  CHECK(declared_choices(*mode) == std::vector<std::string>{"stored", "recursive"});
  CHECK(declared_choices(*batch).empty());
  const std::vector<std::string> assignments = declared_choices(*set);
  CHECK(std::count(assignments.begin(), assignments.end(), "network.convolution=direct") == 1);
  CHECK(std::count(assignments.begin(), assignments.end(), "training.batch=") == 1);
}

TEST_CASE("help2man's input has sections, and two blanks before every explanation") {
  Awkward awkward;
  const std::string text = described(awkward.app, "help2man");
  CAPTURE(text);
  CHECK(contains(text, "\n*Exit status*\n\n0 done"));
  CHECK(contains(text, "\n  $ revnet-try go .\n      here\n"));
  CHECK(contains(text, "\n  REVNET_DATA  a folder\n"));
  CHECK(contains(text, "\n*revnet-try go*\n\ngoes: somewhere\n\nUsage: revnet-try go [OPTIONS] where"));
  CHECK(contains(text, "\n  -h, --help  "));
  CHECK_FALSE(contains(text, "*Settings*"));
  CHECK_FALSE(contains(text, "secret"));
  CHECK_FALSE(contains(text, "hidden"));
}

TEST_CASE("an unknown format is refused") {
  Awkward awkward;
  CHECK(contains(testing::message_of<UsageError>([&] { described(awkward.app, "fish"); }),
                 "bash, zsh, help2man"));
}

}  // namespace
}  // namespace revnet
