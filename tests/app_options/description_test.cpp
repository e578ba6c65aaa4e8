// What is written from a command line that was made to be awkward.
#include <algorithm>

#include <doctest/doctest.h>

#include "base/error.h"
#include "command_description.h"
#include "files.h"
#include "man_page.h"
#include "option_values.h"
#include "shell_completion.h"

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
    app.add_subcommand("hidden", "gone")->group("");
    app.footer("Examples:\n  revnet-try go .\n      here\n\nExit codes: 0 done, well, 1 not.\nPlain words.");
  }
  CLI::App app;
  std::string text;
  std::vector<std::string> texts;
  bool flag = false;
};

const OptionDescription& option(const CommandDescription& command, const std::string& name) {
  for (const OptionDescription& option : command.options) {
    if (option.names.back() == name) return option;
  }
  throw Error("no option " + name);
}

TEST_CASE("a description has what the command line has") {
  Awkward awkward;
  const CommandDescription command = describe(awkward.app);
  CHECK(command.path == "revnet-try");
  CHECK(command.options.size() == 6);  // with -h
  CHECK(option(command, "--help").ends);
  CHECK(option(command, "--way").type == "WAY");
  CHECK(option(command, "--way").choices == std::vector<std::string>{"up", "down"});
  CHECK(option(command, "--known").kind == ValueKind::choice);
  CHECK(option(command, "--known").choices == std::vector<std::string>{"one", "two"});
  CHECK(option(command, "--known").default_value == "one");
  CHECK(option(command, "--output").kind == ValueKind::file);
  CHECK(option(command, "--output").names == std::vector<std::string>{"-o", "--output"});
  CHECK(option(command, "--output").repeated);
  CHECK(option(command, "--quiet").kind == ValueKind::none);
  CHECK(option(command, "--quiet").type.empty());
  CHECK(option(command, "--loud").excludes == std::vector<std::string>{"--quiet"});
  REQUIRE(command.subcommands.size() == 1);
  const CommandDescription& go = command.subcommands.front();
  CHECK(go.path == "revnet-try go");
  REQUIRE(go.positionals.size() == 1);
  CHECK(go.positionals.front().required);
  CHECK(go.positionals.front().kind == ValueKind::directory);
  REQUIRE(command.footer.size() == 3);
  CHECK(command.footer[0].lines == std::vector<std::string>{"  revnet-try go .", "      here"});
  CHECK(command.footer[1].title == "Exit codes");
  CHECK(command.footer[2].title.empty());
}

TEST_CASE("declared choices refuse nothing and stay out of --help") {
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

TEST_CASE("bash and zsh get what their syntax needs") {
  Awkward awkward;
  const std::string bash = described(awkward.app, "bash");
  CHECK(contains(bash, "[--way]='up down'\n"));
  CHECK(contains(bash, "[-o]='@files'\n"));
  CHECK(contains(
      bash, "'go')\n    commands=()\n    options=(-h --help)\n    values=(\n      [1]='@directories'\n"));
  CHECK(contains(bash, "\n_revnet_try() {\n"));
  const std::string zsh = described(awkward.app, "zsh");
  CHECK(zsh.starts_with("#compdef revnet-try\n"));
  CHECK(contains(zsh, "'(--way)--way=[it'\\''s \\[a\\] way: b\\\\c]:WAY:(up down)'"));
  CHECK(contains(zsh, "'*'{-o=,--output=}'[.begins with a dot]:FILE:_files'"));
  CHECK(contains(zsh, "'(--quiet --loud)--loud["));
  CHECK(contains(zsh, "'1:a place\\: any:_files -/'"));
  CHECK(contains(zsh, "'go:goes: somewhere'"));
  for (const std::string& text : {bash, zsh, described(awkward.app, "man")}) {
    CHECK_FALSE(contains(text, "secret"));
    CHECK_FALSE(contains(text, "hidden"));
  }
}

TEST_CASE("a manual page takes text as it is") {
  Awkward awkward;
  const std::string page = described(awkward.app, "man");
  CHECK(contains(page, "\nrevnet\\-try \\- does [this] and \\(aqthat\\(aq\n"));
  CHECK(contains(page, "\n\\fB\\-\\-way\\fR \\fIWAY\\fR\nit\\(aqs [a] way: b\\ec\n.br\nOne of up, down.\n"));
  CHECK(contains(
      page, "\n.SS Files\n.TP\n\\fB\\-o\\fR \\fIFILE\\fR, \\fB\\-\\-output\\fR \\fIFILE\\fR\n\\&.begins"));
  CHECK(contains(page, "\n\\(ti\\(ha\\(ga\n.br\nNot with \\-\\-quiet.\n"));
  CHECK(contains(page, "\nsays \\(dqnothing\\(dq\n"));
  CHECK(contains(page, "\n.TP\n\\fB0\\fR\ndone, well\n.TP\n\\fB1\\fR\nnot\n"));
  CHECK(contains(page, "\n.PP\nPlain words.\n"));
}

TEST_CASE("another format is refused") {
  Awkward awkward;
  CHECK(contains(testing::message_of<UsageError>([&] { described(awkward.app, "fish"); }), "bash, zsh, man"));
}

}  // namespace
}  // namespace revnet
