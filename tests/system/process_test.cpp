#include "system/process.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "files.h"
#include "system/host.h"

namespace revnet {
namespace {

using std::chrono::milliseconds;

int next_descriptor() {
  const int descriptor = ::dup(0);
  ::close(descriptor);
  return descriptor;
}

bool exists(pid_t process) {
  return ::kill(process, 0) == 0;
}

TEST_CASE("arguments arrive unchanged") {
  const std::vector<std::string> odd{"it's", "a b", "$HOME", "\"", "*", "", "line\nbreak"};
  std::vector<std::string> words{"/usr/bin/printf", "%s|"};
  words.insert(words.end(), odd.begin(), odd.end());
  std::string expected;
  for (const std::string& word : odd) expected += word + "|";
  CHECK(output_of(words) == expected);
}

TEST_CASE("a program runs in its folder, environment and limits, and appends its output to files") {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "out", "before\n");
  REQUIRE(::setenv("REVNET_TEST_TAKEN", "there", 1) == 0);
  const int core = usable_cores().back();
  ChildProcess child({.words = {"sh", "-c",
                                "pwd; echo $REVNET_TEST_GIVEN${REVNET_TEST_TAKEN-none}; cat; echo err >&2;"
                                "grep Cpus_allowed_list /proc/self/status; ulimit -v; ulimit -t; exit 5"},
                      .environment = {{"REVNET_TEST_GIVEN", "given"}, {"REVNET_TEST_TAKEN", ""}},
                      .folder = folder.path(),
                      .out = folder / "out",
                      .err = folder / "err",
                      .limits = {{core}, std::uint64_t{1} << 50, 1000}});
  const ExitStatus status = child.wait();
  CHECK(status.text() == "exit code 5");
  CHECK(child.wait().code == 5);
  CHECK(testing::read_file(folder / "out") == "before\n" + folder.path().string() +
                                                  "\ngivennone\nCpus_allowed_list:\t" + std::to_string(core) +
                                                  "\n" + std::to_string(std::uint64_t{1} << 40) + "\n1000\n");
  CHECK(testing::read_file(folder / "err") == "err\n");
  ::unsetenv("REVNET_TEST_TAKEN");
}

TEST_CASE("how a program ended is described in words, as often as asked") {
  ChildProcess asked({.words = {"sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.01; done"}});
  CHECK_FALSE(asked.wait_for(milliseconds(200)));
  asked.send(SIGTERM);
  CHECK(asked.wait().text() == "exit code 3");
  ChildProcess killed({.words = {"sh", "-c", "kill -KILL $$"}});
  const std::optional<ExitStatus> status = killed.wait_for(milliseconds(60'000));
  REQUIRE(status);
  CHECK(status->code == -1);
  CHECK(status->signal == SIGKILL);
  CHECK(status->text() == "killed by signal 9");
}

TEST_CASE("a program in its own process group does not receive Ctrl-C") {
  for (const bool own : {false, true}) {
    ChildProcess child({.words = {"sleep", "60"}, .own_group = own});
    CHECK((::getpgid(child.id()) == ::getpgrp()) == !own);
  }
}

TEST_CASE("an abandoned child is asked to end, and ends") {
  const testing::TemporaryDirectory folder;
  pid_t id = 0;
  {
    ChildProcess child(
        {.words = {"sh", "-c", "trap 'echo saved; exit 3' TERM; echo ready; while :; do sleep 0.01; done"},
         .out = folder / "out"});
    while (testing::read_file(folder / "out").empty()) ::usleep(1000);
    ChildProcess owner = std::move(child);
    id = owner.id();
    CHECK(exists(id));
  }
  CHECK_FALSE(exists(id));
  CHECK(testing::read_file(folder / "out") == "ready\nsaved\n");
}

TEST_CASE("a program that cannot be started gives a one-line error") {
  const auto message = [](const Command& command) {
    return testing::message_of<Error>([&] { ChildProcess child(command); });
  };
  CHECK(message({.words = {"no-such-program"}}) == "no-such-program is not found in $PATH");
  CHECK(message({.words = {"/no/such/program"}}) ==
        "cannot start /no/such/program: No such file or directory");
  CHECK(message({.words = {"/"}}) == "cannot start /: Permission denied");
  CHECK(message({.words = {"/bin/true"}, .folder = "/no"}) ==
        "cannot start /bin/true: No such file or directory");
  CHECK(testing::contains(message({.words = {"true"}, .out = "/no/file"}), "cannot open /no/file: "));
  CHECK(has_program("sh"));
  CHECK_FALSE(has_program("no-such-program"));
}

TEST_CASE("both output streams of a program are read, however much it prints") {
  const int before = next_descriptor();
  const ProcessResult result = run_command(
      {"sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo 12345678; echo 1234 >&2; i=$((i+1)); done"});
  CHECK(result.status.code == 0);
  CHECK(result.out.size() == 180'000);
  CHECK(result.err.size() == 100'000);
  CHECK(next_descriptor() == before);
}

TEST_CASE("a failing program is an error that quotes its last line") {
  const auto message = [](const std::string& script) {
    return testing::message_of<Error>([&] { output_of({"sh", "-c", script}); });
  };
  CHECK(message("echo first >&2; echo why >&2; exit 2") == "sh failed (exit code 2): why");
  CHECK(message("kill -KILL $$") == "sh failed (killed by signal 9)");
}

TEST_CASE("a process without standard descriptors can still start programs") {
  const ProcessResult result = call_in_child(
      [] {
        for (const int descriptor : {0, 1, 2}) ::close(descriptor);
        const ProcessResult inner = run_command({"sh", "-c", "cat; echo out; echo err >&2"});
        return inner.out + inner.err;
      },
      {});
  CHECK(result.out == "out\nerr\n");
}

TEST_CASE("a function called in a child affects nothing here, and only its bytes come back") {
  int own = 0;
  const int before = next_descriptor();
  const std::string large = std::string(1'000'000, 'a') + std::string(1, '\0');
  const ProcessResult result = call_in_child(
      [&] {
        own = 1;
        return large;
      },
      {});
  CHECK(result.status.code == 0);
  CHECK(result.out == large);
  CHECK(own == 0);
  CHECK(next_descriptor() == before);
}

TEST_CASE("a called child does not outlive its caller, whose locks it holds") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t caller = ::fork();
  if (caller == 0) {
    call_in_child(
        [&] {
          const char ready = 'r';
          if (::write(ends[1], &ready, 1) == 1) ::pause();
          return std::string();
        },
        {});
    ::_exit(0);
  }
  ::close(ends[1]);
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 1);
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
  pollfd end{ends[0], POLLIN, 0};
  REQUIRE(::poll(&end, 1, 10'000) == 1);
  CHECK(::read(ends[0], &byte, 1) == 0);  // no writer is left
  ::close(ends[0]);
}

TEST_CASE("a function that crashes, throws or never ends takes down only its child") {
  const auto status = [](const std::function<std::string()>& function) {
    return call_in_child(function, {.cpu_seconds = 1}).status.text();
  };
  const auto killed_by = [](int signal) { return "killed by signal " + std::to_string(signal); };
  CHECK(status([]() -> std::string { throw std::runtime_error("no"); }) == "exit code 1");
  CHECK(status([]() -> std::string { std::abort(); }) == killed_by(SIGABRT));
  CHECK(status([]() -> std::string {
          for (volatile bool forever = true; forever;) {
          }
          return "";
        }) == killed_by(SIGXCPU));
}

}  // namespace
}  // namespace revnet
