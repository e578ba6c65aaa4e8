// Completions and manual pages are as complete as --help, and the programs that read them accept them.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "settings/config_schema.h"

namespace revnet::testing {
namespace {

const std::vector<std::string> commands{"revnet-train", "revnet-compare", "revnet-data", "revnet-sweep",
                                        "revnet-report"};

std::string output(const std::string& command, const Arguments& arguments) {
  const TemporaryDirectory folder;
  const Outcome outcome = succeeded(run(command, folder.path(), arguments));
  CHECK(outcome.err.empty());
  CHECK(snapshot(folder.path()).empty());
  return outcome.out;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The text after `opening` up to `closing`, or to the end. Fails the test if there is no opening.
std::string part(const std::string& text, const std::string& opening, const std::string& closing) {
  CAPTURE(opening);
  const std::size_t found = text.find(opening);
  REQUIRE(found != std::string::npos);
  const std::size_t begin = found + opening.size();
  return text.substr(begin, text.find(closing, begin) - begin);
}

// A command or subcommand as its --help shows it.
struct Shown {
  std::vector<std::string> options, subcommands;
};

Shown shown(const std::string& command, Arguments path) {
  Shown result;
  path.push_back("--help");
  std::istringstream help(output(command, path));
  bool subcommands = false;
  for (std::string line; std::getline(help, line);) {
    CHECK_MESSAGE(line.size() <= 100, line);
    if (!line.starts_with(' ')) {
      subcommands = line == "Subcommands:";
    } else if (line.starts_with("  -")) {
      std::istringstream names(line.substr(2, line.find(' ', 2) - 2));
      for (std::string name; std::getline(names, name, ',');) result.options.push_back(name);
    } else if (subcommands && line[2] != ' ') {
      result.subcommands.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return result;
}

struct Descriptions {
  std::string bash, zsh, man;
};

std::string joined(const Arguments& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

// The page that the build installs, with its escaped hyphens as plain ones.
std::string manual_page(const std::string& command) {
  const TemporaryDirectory folder;
  const std::string page = (folder / "page.1").string();
  const std::string shell =
      "gzip -dc '" REVNET_BIN_DIR "/../share/man/man1/" + command + ".1.gz' > '" + page + "'";
  REQUIRE(std::system(shell.c_str()) == 0);
  return replaced(read_file(page), "\\-", "-");
}

// The page's section on one command or subcommand that can be called.
std::string about(const std::string& page, const std::string& command, const Arguments& path) {
  if (path.empty()) return part(page, "\n.SH OPTIONS\n", "\n.SH ");
  std::string title = joined(join({command}, path), " ");
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
  return part(page, "\n.SH \"" + title + "\"\n", "\n.SH ");
}

// Checks that every option of the command and its subcommands is described. Returns their number.
std::size_t check_described(const Descriptions& all, const std::string& command, const Arguments& path) {
  const Shown help = shown(command, path);
  CAPTURE(command);
  CAPTURE(joined(path, " "));
  const bool callable = path.empty() || help.subcommands.empty();
  const std::string own_page = callable ? about(all.man, command, path) : "";
  const auto row = [&](const std::string& name) { return "\n" + joined(path, " ") + "|" + name + "|"; };
  for (const std::string& option : help.options) {
    CAPTURE(option);
    CHECK(contains(all.bash, row(option)));
    CHECK(contains(all.zsh, row(option)));
    if (callable) CHECK(contains(own_page, "\\fB" + option + "\\fR"));
  }
  std::size_t count = help.options.size();
  for (const std::string& subcommand : help.subcommands) {
    CHECK(contains(all.bash, row(subcommand) + "@command|"));
    CHECK(contains(all.zsh, row(subcommand) + "@command|"));
    count += check_described(all, command, join(path, {subcommand}));
  }
  return count;
}

TEST_CASE("completions and manual pages have every option of every command, and no hidden one") {
  std::size_t options = 0;
  for (const std::string& command : commands) {
    const auto completion = [&](const std::string& shell) {
      return replaced(output(command, {"--describe", shell}), "_table='", "_table='\n");
    };
    const Descriptions all{completion("bash"), completion("zsh"), manual_page(command)};
    options += check_described(all, command, {});
    for (const std::string& text : {all.bash, all.zsh, all.man}) CHECK_FALSE(contains(text, "--measure"));
  }
  CHECK(options > 100);  // or --help was not parsed
}

TEST_CASE("manual pages of commands with --set list every setting") {
  for (const std::string& command : commands) {
    const std::string page = manual_page(command);
    const bool takes_settings = command != "revnet-sweep" && command != "revnet-report";
    CHECK(contains(page, "\n.SH SETTINGS\n") == takes_settings);
    for (const Setting& setting : settings()) {
      CAPTURE(setting.key);
      CHECK(contains(page, ".TP\n" + setting.key + "\n") == takes_settings);
    }
  }
}

TEST_CASE("--describe refuses other formats") {
  const TemporaryDirectory folder;
  check_refused("revnet-train", folder.path(), {"--describe", "fish"}, "bash, zsh, help2man");
  check_refused("revnet-report", folder.path(), {"--describe"}, "bash, zsh, help2man");
  check_refused("revnet-train", folder.path(), {"synthetic", "--describe", "bash"}, "--describe");
}

bool installed(const std::string& program) {
  if (std::system(("command -v " + program + " > /dev/null").c_str()) == 0) return true;
  MESSAGE(program << " is not installed: its checks are skipped");
  return false;
}

// Requires that a command prints nothing and exits with 0.
void check_silent(const std::filesystem::path& folder, const std::string& command) {
  const int status = std::system(("cd '" + folder.string() + "' && " + command + " > said 2>&1").c_str());
  CAPTURE(command);
  CHECK(read_file(folder / "said") == "");
  CHECK(status == 0);
}

TEST_CASE("manual pages have all sections, and groff and mandoc accept them without a warning") {
  const TemporaryDirectory folder;
  const bool groff = installed("groff"), mandoc = installed("mandoc");
  for (const std::string& command : commands) {
    const std::string page = manual_page(command);
    for (const char* section :
         {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""}) {
      CHECK(contains(page, std::string("\n.SH ") + section + "\n"));
    }
    const std::string others = part(page, "\n.SH \"SEE ALSO\"\n", "\n.SH ");
    for (const std::string& other : commands) {
      CHECK(contains(others, other + "(1)") == (other != command));
    }
    CHECK(contains(page, "\n.SH ENVIRONMENT\n") == (command != "revnet-report"));
    const std::string read = "gzip -dc '" REVNET_BIN_DIR "/../share/man/man1/" + command + ".1.gz' | ";
    if (groff) check_silent(folder.path(), read + "groff -man -ww -Tutf8 -z");
    // help2man writes dates without a day, which mandoc cannot parse.
    const std::string others_than = "grep -v 'cannot parse date'";
    if (mandoc) check_silent(folder.path(), "! " + read + "mandoc -Tlint -W warning | " + others_than);
  }
}

// One line as typed, and the words of the completed line in both shells. \t asks for a completion and \x18a
// inserts all possible ones.
struct Question {
  std::string command, typed, words;
};

const std::vector<Question> questions{
    {"revnet-train",
     "c\x18"
     "a",
     "cifar10|cifar100"},
    {"revnet-train", "cifar10 --act\t", "cifar10|--activations"},
    {"revnet-train",
     "--arch revnet1\x18"
     "a",
     "--arch|revnet104|revnet110|revnet164"},
    {"revnet-train", "--arch=revnet3\t", "--arch=revnet38"},
    {"revnet-train", "--arch resnet32 s\t", "--arch|resnet32|synthetic"},
    {"revnet-train", "--arch=resnet32 --dry-run s\t", "--arch=resnet32|--dry-run|synthetic"},
    {"revnet-train", "--set training.mom\t0.8", "--set|training.momentum=0.8"},
    {"revnet-train", "--set network.conv\td\t", "--set|network.convolution=direct"},
    {"revnet-train", "--set training.momentum=0.8 --dr\t", "--set|training.momentum=0.8|--dry-run"},
    {"revnet-train", "--config my\t", "--config|my settings.yaml"},
    {"revnet-train", "--config=my\t", "--config=my settings.yaml"},
    {"revnet-train", "--data-dir st\t", "--data-dir|store/"},
    {"revnet-train", "--data-dir=st\t", "--data-dir=store/"},
    {"revnet-train", "--batch \t5", "--batch|5"},
    {"revnet-compare", "g\ta\t--dum\t", "gradient|angle|--dump"},
    {"revnet-compare", "gradient angle s\t", "gradient|angle|synthetic"},
    {"revnet-compare", "memory --format mark\t", "memory|--format|markdown"},
    {"revnet-compare",
     "memory --activations re\x18"
     "a",
     "memory|--activations|reconstructed|recursive"},
    {"revnet-compare",
     "speed --activations re\x18"
     "a",
     "speed|--activations|reconstructed"},
    {"revnet-compare", "speed --arch resnet32,revnet3\t", "speed|--arch|resnet32,revnet38"},
    {"revnet-compare", "speed --arch=resnet32,revnet3\t", "speed|--arch=resnet32,revnet38"},
    {"revnet-sweep",
     "\x18"
     "a",
     "cancel|collect|run|status"},
    {"revnet-sweep", "status set\t--wat\t", "status|settings.yaml|--watch"},
    {"revnet-report", "--format=m\t", "--format=markdown"},
    {"revnet-report", "s\t s\t", "store/|store/"},
};

// Replaces each command by a function that prints its arguments, so that completed lines can be read back.
constexpr const char* bash_session = R"(PS1=
bind '"\C-xa": insert-completions'
answer() { local IFS='|'; printf 'ANSWER<%s>\n' "$*"; }
for command in revnet-{train,compare,data,sweep,report}; do
  eval "$command() { answer \"\$@\"; }"
  source "completions/$command"
done
)";

constexpr const char* zsh_session = R"(PS1= PS2= RPS1=
stty -echo
answer() { print -r -- "ANSWER<${(j:|:)@}>" }
for command in revnet-{train,compare,data,sweep,report}; do
  eval "$command() { answer \"\$@\" }"
done
fpath=($PWD/completions $fpath)
autoload -Uz compinit
compinit -D -u
bindkey '^I' complete-word
# Keep a trailing slash, as bash does.
setopt no_auto_remove_slash
zle -C all complete-word _generic
bindkey '^Xa' all
zstyle ':completion:all:*' completer _all_matches _complete
zstyle ':completion:all:*' insert yes
)";

// zsh completes only on a terminal, so it runs on a pseudo-terminal that it opens itself.
constexpr const char* zsh_terminal = R"(zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'source ./session'
while IFS= read -r line; do zpty -w shell $line; done < questions
zpty -w shell exit
while zpty -r shell said; do print -r -- $said; done
)";

// Asks all questions in one session of a shell. The names of completion files begin with `prefix`.
void check_answers(const std::string& shell, const std::string& prefix, const std::string& session,
                   const std::string& call) {
  const TemporaryDirectory folder;
  for (const char* made : {"completions", "work/store"}) std::filesystem::create_directories(folder / made);
  for (const std::string& command : commands) {
    write_file(folder / "completions" / (prefix + command), output(command, {"--describe", shell}));
  }
  std::string lines = "\n";
  for (const Question& question : questions) lines += question.command + " " + question.typed + "\n";
  for (const char* file : {"settings.yaml", "my settings.yaml"}) write_file(folder / file, "");
  std::filesystem::create_directory(folder / "store");
  write_file(folder / "session", session);
  write_file(folder / "questions", lines);
  write_file(folder / "terminal", zsh_terminal);
  // An interactive bash would try to take the foreground of the tests' terminal; setsid detaches it.
  const std::string environment = "env -i PATH=\"$PATH\" HOME=. INPUTRC=/dev/null TERM=dumb LC_ALL=C.UTF-8 ";
  const int status = std::system(("cd '" + folder.path().string() + "' && " + environment +
                                  "setsid -w timeout 60 " + call + " > answers 2> errors")
                                     .c_str());
  INFO(read_file(folder / "errors"));
  CHECK(status == 0);
  const std::string answers = read_file(folder / "answers");
  std::size_t at = 0;
  for (const Question& question : questions) {
    CAPTURE(question.command);
    CAPTURE(question.typed);
    const std::string opening = "ANSWER<";
    const std::size_t begin = answers.find(opening, at);
    REQUIRE(begin != std::string::npos);
    at = answers.find(">", begin);
    CHECK(answers.substr(begin + opening.size(), at - begin - opening.size()) == question.words);
  }
}

TEST_CASE("bash completes as the commands describe") {
  if (!installed("bash")) return;
  check_answers("bash", "", bash_session, "bash --noprofile --rcfile session -i < questions");
}

TEST_CASE("zsh completes as the commands describe") {
  if (!installed("zsh")) return;
  const TemporaryDirectory folder;
  for (const std::string& command : commands) {
    write_file(folder / "completion", output(command, {"--describe", "zsh"}));
    check_silent(folder.path(), "zsh -n completion");
  }
  check_answers("zsh", "_", zsh_session, "zsh -f terminal");
}

}  // namespace
}  // namespace revnet::testing
