#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "settings/slurm_settings.h"
#include "settings/sweep_file.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;

SlurmSettings settings(const std::string& section) {
  return read_sweep_text("sweep:\n  slurm:\n" + section, "s.yaml").slurm;
}

TEST_CASE("the section slurm of a sweep is read") {
  const SlurmSettings all = settings(R"(    partition: long
    account: vision-lab
    time: "1-12:30:00"
    signal_seconds: 300
    max_tries: 7
    nodes: 2
    tasks: 4
    cpus_per_task: 16
    memory: 8GiB
    array_limit: 500
    running_limit: 8
    mpi: pmix
    extra_lines: ["#SBATCH --constraint=avx512", module load openmpi]
)");
  SlurmSettings expected;
  expected.partition = "long";
  expected.account = "vision-lab";
  expected.time = "1-12:30:00";
  expected.signal_seconds = 300;
  expected.max_tries = 7;
  expected.nodes = 2;
  expected.tasks = 4;
  expected.cpus_per_task = 16;
  expected.memory_bytes = std::uint64_t{8} << 30;
  expected.array_limit = 500;
  expected.running_limit = 8;
  expected.mpi = "pmix";
  expected.extra_lines = {"#SBATCH --constraint=avx512", "module load openmpi"};
  CHECK(all == expected);
  CHECK(read_sweep_text("name: one\n", "s.yaml").slurm == SlurmSettings{});
  CHECK(read_sweep_text("sweep: {slurm: }\n", "s.yaml").slurm == SlurmSettings{});
}

TEST_CASE("a wrong slurm section is refused with its line") {
  const auto check = [&](const std::string& section, const std::string& line, const std::string& why) {
    const std::string message = message_of<UsageError>([&] { settings(section); });
    CAPTURE(section);
    CAPTURE(message);
    CHECK(contains(message, "s.yaml:" + line + ": "));
    CHECK(contains(message, why));
    CHECK(testing::is_one_line(message));
  };
  check("    nodes: 1\n    partitoin: long\n", "4",
        "unknown key 'sweep.slurm.partitoin' (did you mean 'partition'?); allowed: partition, account, time");
  check("    nodes: 1\n    nodes: 2\n", "4", "twice");
  check("    - nodes\n", "3", "map");
  check("    nodes: 0\n", "3", "sweep.slurm.nodes: '0' is not an integer from 1");
  check("    nodes: 2.5\n", "3", "is not an integer");
  check("    nodes: [1]\n", "3", "plain value");
  check("    max_tries: 1000001\n", "3", "to 1000000");
  check("    partition: two words\n", "3", "is not one plain word");
  check("    account: \"a\\n#SBATCH --wrap=b\"\n", "3", "is not one plain word");
  check("    mpi: ''\n", "3", "is not one plain word");
  check("    time: soon\n", "3", "'soon' is not a time limit");
  check("    time: 0\n", "3", "is not a time limit");
  check("    memory: lots\n", "3", "sweep.slurm.memory");
  check("    extra_lines: module load x\n", "3", "list of lines");
  check("    extra_lines: [\"a\\nb\"]\n", "3", "several lines");
  check("    nodes: 3\n    tasks: 2\n", "3", "fewer tasks than nodes");
  check("    nodes: 1\n    time: 2\n", "4", "does not exceed signal_seconds, the 120 seconds");
}

TEST_CASE("time limits are read in Slurm's notation") {
  CHECK(slurm_seconds("90") == 90 * 60);
  CHECK(slurm_seconds("2:30") == 150);
  CHECK(slurm_seconds("1:02:03") == 3723);
  CHECK(slurm_seconds("2-0") == 2 * 86400);
  CHECK(slurm_seconds("1-01:30") == 86400 + 5400);
  CHECK(slurm_seconds("1-01:30:05") == 86400 + 5405);
  for (const char* wrong : {"", "x", "1h", "1:2:3:4", "-1", "1-", "1.5", "99999999999999999999"}) {
    CAPTURE(wrong);
    CHECK(slurm_seconds(wrong) == -1);
  }
}

}  // namespace
}  // namespace revnet
