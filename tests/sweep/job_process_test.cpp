#include "sweep/job_process.h"

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

int wait_for(JobProcess& process) {
  while (!process.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return process.exit_code();
}

TEST_CASE("processors are split evenly and used once") {
  using Groups = std::vector<std::vector<int>>;
  CHECK(split_processors({0, 1, 2, 3}, 2) == Groups{{0, 1}, {2, 3}});
  CHECK(split_processors({3, 5, 7}, 2) == Groups{{3}, {5, 7}});
  CHECK(split_processors({0, 1}, 5) == Groups{{0}, {1}});
  CHECK(split_processors({4}, 1) == Groups{{4}});
  CHECK_FALSE(usable_processors().empty());
}

TEST_CASE("a job process runs on its processors and logs its output") {
  const testing::TemporaryDirectory folder;
  const int processor = usable_processors().back();
  JobProcess process("/bin/sh",
                     {"-c", "echo out; echo err >&2; grep Cpus_allowed_list /proc/self/status; exit 5"},
                     {processor}, folder / "out", folder / "err");
  CHECK(wait_for(process) == 5);
  CHECK(testing::contains(testing::read_file(folder / "out"), "out\n"));
  CHECK(testing::contains(testing::read_file(folder / "out"),
                          std::string("\t").append(std::to_string(processor)).append("\n")));
  CHECK(testing::read_file(folder / "err") == "err\n");
}

TEST_CASE("a job process is interrupted and a missing program reported") {
  const testing::TemporaryDirectory folder;
  JobProcess process("/bin/sh", {"-c", "trap 'exit 3' TERM; while :; do sleep 0.01; done"},
                     usable_processors(), folder / "out", folder / "err");
  CHECK_FALSE(process.ended());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  process.interrupt();
  CHECK(wait_for(process) == 3);
  JobProcess killed("/bin/sh", {"-c", "kill -KILL $$"}, usable_processors(), folder / "out", folder / "err");
  CHECK(wait_for(killed) == -1);
  JobProcess missing(folder / "none", {}, usable_processors(), folder / "out", folder / "err");
  CHECK(wait_for(missing) == 127);
}

}  // namespace
}  // namespace revnet
