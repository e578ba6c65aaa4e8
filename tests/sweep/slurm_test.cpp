#include "sweep/slurm.h"

#include <cstdlib>

#include <doctest/doctest.h>
#include <sys/wait.h>

#include "base/error.h"
#include "files.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;

SlurmArray array_of(std::vector<SlurmArray::Element> elements) {
  SlurmArray array{"/data/runs/b", "/opt/revnet-train", {}, std::move(elements)};
  array.settings.cpus_per_task = 4;
  array.settings.memory_bytes = (std::uint64_t{1} << 30) + 1;
  return array;
}

// bash's complaint about a script, found without running it; "" if it parses.
std::string complaint_of_bash(const std::string& script) {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "script", script);
  const std::string command =
      "bash -n '" + (folder / "script").string() + "' 2> '" + (folder / "error").string() + "'";
  const bool parses = std::system(command.c_str()) == 0;
  const std::string error = testing::read_file(folder / "error");
  return parses && error.empty() ? "" : "bash: " + error;
}

// What a script prints, up to the point where it starts training, as the task with that index.
std::string choice(const std::string& script, int index) {
  const testing::TemporaryDirectory folder;
  const std::string marker = "\n# The job's settings have both already.";
  testing::write_file(folder / "script",
                      script.substr(0, script.find(marker)) + "\necho \"$job|$dataset|$sweep\"\n");
  const std::string command = "SLURM_ARRAY_TASK_ID=" + std::to_string(index) + " bash '" +
                              (folder / "script").string() + "' > '" + (folder / "out").string() + "'";
  CHECK(std::system(command.c_str()) == 0);
  return testing::read_file(folder / "out");
}

TEST_CASE("a batch script requests what the settings say") {
  SlurmArray array = array_of({{"batch16", "cifar10"}, {"batch32", "cifar10"}, {"batch64", "cifar10"}});
  const std::string plain = batch_script(array);
  CAPTURE(plain);
  CHECK(complaint_of_bash(plain) == "");
  CHECK(plain.starts_with(R"(#!/bin/bash
#SBATCH --job-name=b
#SBATCH --array=0-2
#SBATCH --output="/data/runs/b/slurm/%A_%a.log"
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=USR1@120
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=1025M

)"));
  CHECK(
      contains(plain, "\nsrun --cpus-per-task=4 --open-mode=append --output=/data/runs/b/logs/\"$job.out\""));
  CHECK(contains(plain, "\n  /opt/revnet-train \"${arguments[@]}\"\n"));
  CHECK(contains(plain, "\nmax_tries=20\n"));

  array.settings.partition = "long";
  array.settings.account = "vision";
  array.settings.time = "2:00:00";
  array.settings.signal_seconds = 300;
  array.settings.running_limit = 2;
  array.settings.max_tries = 5;
  array.settings.extra_lines = {"module load openmpi", "#SBATCH --constraint=avx512"};
  const std::string full = batch_script(array);
  CAPTURE(full);
  CHECK(complaint_of_bash(full) == "");
  for (const char* line : {"partition=long", "account=vision", "time=2:00:00", "signal=USR1@300",
                           "array=0-2%2", "constraint=avx512"}) {
    CHECK(contains(full, std::string("\n#SBATCH --") + line + "\n"));
  }
  CHECK(contains(full, "\nmax_tries=5\n"));
  // sbatch reads options only up to the first command.
  CHECK(full.find("#SBATCH --constraint") < full.find("\nmodule load openmpi\n"));
  CHECK(full.find("\nmodule load openmpi\n") < full.find("\nsrun "));
}

TEST_CASE("a sweep whose path would break a line of the script is refused") {
  SlurmArray array = array_of({{"batch16", "cifar10"}});
  array.sweep = "/data/two\nlines";
  CHECK(contains(message_of<UsageError>([&] { batch_script(array); }), "has a line break"));
}

TEST_CASE("a job of several tasks runs them under srun with MPI") {
  SlurmArray array = array_of({{"batch16", "cifar10"}});
  array.settings.nodes = 2;
  array.settings.tasks = 8;
  array.settings.mpi = "pmix";
  const std::string script = batch_script(array);
  CAPTURE(script);
  CHECK(complaint_of_bash(script) == "");
  CHECK(contains(
      script,
      "\n#SBATCH --nodes=2\n#SBATCH --ntasks=8\n#SBATCH --ntasks-per-node=4\n#SBATCH --cpus-per-task=4\n"));
  CHECK(contains(script, "\nsrun --cpus-per-task=4 --mpi=pmix "));
}

TEST_CASE("each index trains its own job, whatever the names") {
  SlurmArray array = array_of({{"a", "cifar10"}, {"it's $HOME `x` \"y\"", "cifar100"}});
  array.sweep = "/a folder/50% of 'it' \"$PATH\"";
  const std::string script = batch_script(array);
  CAPTURE(script);
  CHECK(complaint_of_bash(script) == "");
  CHECK(choice(script, 0) == "a|cifar10|" + array.sweep.string() + "\n");
  CHECK(choice(script, 1) == "it's $HOME `x` \"y\"|cifar100|" + array.sweep.string() + "\n");
  CHECK(contains(script, R"(--output="/a folder/50%% of 'it' \"$PATH\"/slurm/%A_%a.log")"));
}

// Runs the part of a batch script after its training, with scripts that stand in for srun and scontrol.
struct Try {
  // `srun`: what srun does; `state`: the job's state according to scontrol; `restarts`: how often Slurm has
  // restarted it.
  Try(const std::string& srun, const std::string& state, int restarts = 0,
      std::vector<std::string> extra_lines = {}) {
    SlurmArray array = array_of({{"a", "synthetic"}});
    array.sweep = folder / "b";
    array.settings.max_tries = 3;
    array.settings.extra_lines = std::move(extra_lines);
    for (const char* name : {"slurm", "logs"}) std::filesystem::create_directories(array.sweep / name);
    command("srun", srun);
    // Slurm signals a job that is queued again, often before scontrol has ended.
    command("scontrol", "[ \"$*\" = 'show job --oneliner 4_0' ] && echo \"JobId=5 JobState=" + state +
                            " Reason=None\" && exit\nkill $PPID $$\necho \"$@\" > '" +
                            (folder / "requeued").string() + "'");
    testing::write_file(folder / "script", batch_script(array));
    const std::string environment =
        "cd '" + folder.path().string() +
        "'; export PATH=\"$PWD/bin:$PATH\" SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_JOB_ID=4 "
        "SLURM_JOB_ID=5 SLURM_JOB_NODELIST=n SLURM_RESTART_COUNT=" +
        std::to_string(restarts) + "; bash script > log 2>&1";
    exit_code = WEXITSTATUS(std::system(environment.c_str()));
    exits = testing::read_file(array.sweep / "slurm/a.exits");
    log = testing::read_file(folder / "log");
    requeued = std::filesystem::exists(folder / "requeued") ? testing::read_file(folder / "requeued") : "";
  }
  void command(const std::string& name, const std::string& script) const {
    testing::write_file(folder / "bin" / name, "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(folder / "bin" / name, std::filesystem::perms::owner_all);
  }

  testing::TemporaryDirectory folder;
  int exit_code = -1;
  std::string exits, log, requeued;
};

TEST_CASE("the way a training ends decides what happens to its job") {
  const Try done("echo done > b/logs/a.out", "RUNNING");
  CHECK(done.exit_code == 0);
  CHECK(done.exits == "4\t0\t1\t0\n");
  CHECK(done.requeued == "");

  const Try diverged("exit 4", "RUNNING");
  CHECK(diverged.exit_code == 4);
  CHECK(diverged.requeued == "");

  const Try stopped("exit 3", "RUNNING", 1);
  CHECK_MESSAGE(stopped.exit_code == 3, stopped.log);
  CHECK(stopped.exits == "4\t0\t2\t3\n");
  CHECK(stopped.requeued == "requeue incomplete 4_0\n");
  CHECK(contains(stopped.log, "a, try 2 of 3: queued again"));

  const Try strict("exit 3", "RUNNING", 1, {"set -euo pipefail"});
  CHECK(strict.exits == "4\t0\t2\t3\n");
  CHECK(strict.requeued == "requeue incomplete 4_0\n");

  const Try last("exit 3", "RUNNING", 2);
  CHECK(last.exit_code == 3);
  CHECK(last.requeued == "");
  CHECK(contains(last.log, "this was the last try"));

  const Try cancelled("exit 3", "CANCELLED");
  CHECK(cancelled.exit_code == 3);
  CHECK(cancelled.requeued == "");
  CHECK(contains(cancelled.log, "not queued again: the job is CANCELLED"));

  const Try silent("exit 0", "RUNNING");  // as srun does when it could not start the training
  CHECK(silent.exit_code == 1);
  CHECK(silent.exits == "4\t0\t1\t1\n");
  CHECK(contains(silent.log, "srun did not start the training"));
}

TEST_CASE("a sweep has the same name in Slurm, however its path is written") {
  CHECK(slurm_job_name("runs/batch-sweep") == "batch-sweep");
  CHECK(slurm_job_name("runs/batch-sweep/") == "batch-sweep");
  CHECK(slurm_job_name("runs/x/../batch-sweep/.") == "batch-sweep");
  CHECK(slurm_job_name("runs/a b|c%j") == "a_b_c_j");
  CHECK(slurm_job_name(".") == std::filesystem::current_path().filename().string());
  CHECK(slurm_job_name("/") == "sweep");
}

TEST_CASE("tasks are written and read back") {
  const std::vector<SlurmTask> tasks{{12, 0, "a"}, {12, 1, "b c"}, {13, 0, "a"}};
  std::string text;
  for (const SlurmTask& task : tasks) text += format_task(task);
  CHECK(parse_tasks(text, "jobs") == tasks);
  CHECK(parse_tasks("", "jobs").empty());
  for (const char* wrong : {"12\t0\ta\n12\t1\n", "12\t0\ta\nx\t1\tb\n", "12\t0\ta\n12\t-1\tb\n"}) {
    CAPTURE(wrong);
    CHECK(contains(message_of<Error>([&] { parse_tasks(wrong, "jobs"); }), "jobs:2: not a line of"));
  }
}

TEST_CASE("the lines of squeue are read") {
  const std::vector<QueueEntry> entries = parse_queue(
      "7|0|RUNNING|1:59:30|node7|None|b\n"
      "7|1|PENDING|2:00:00||Resources|b\n"
      "8|N/A|RUNNING|UNLIMITED|node1|None|wrap\n"
      "9|0|RUNNING|1:00|node1|None|somebody's|name\n");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0] == QueueEntry{7, 0, "RUNNING", "1:59:30", "node7", "None", "b"});
  CHECK(entries[1] == QueueEntry{7, 1, "PENDING", "2:00:00", "", "Resources", "b"});
  CHECK(describe(entries[0]) == "running on node7, 1:59:30 to its limit");
  CHECK(describe(entries[1]) == "pending (Resources)");
  CHECK(describe(QueueEntry{7, 1, "PENDING", "", "", "None", "b"}) == "pending");
  CHECK(parse_queue("").empty());
  CHECK(contains(message_of<Error>([] { parse_queue("7|0|RUNNING\n"); }),
                 "does not understand: '7|0|RUNNING'"));
}

TEST_CASE("the lines of sacct are read") {
  const std::vector<AccountingEntry> entries = parse_accounting(
      "7_0|COMPLETED|0:0|s\n"
      "7_1|CANCELLED by 1000|0:15|s\n"
      "7_2|FAILED|4:0|s\n"
      "7_[3-9]|PENDING|0:0|s\n"
      "8|COMPLETED|0:0|another|name\n");
  REQUIRE(entries.size() == 3);
  CHECK(entries[1] == AccountingEntry{7, 1, "CANCELLED", "0:15", "s"});
  CHECK(describe(entries[0]) == "completed");
  CHECK(describe(entries[1]) == "cancelled (exit code 0:15)");
  CHECK(describe(entries[2]) == "failed (exit code 4:0)");
  CHECK(contains(message_of<Error>([] { parse_accounting("7_0|COMPLETED\n"); }), "does not understand"));
}

TEST_CASE("whatever Slurm prints, the refusal is one printable line") {
  const std::string odd = "a\x1b[31m\r\xff";
  for (const std::string& message :
       {message_of<Error>([&] { parse_queue(odd); }), message_of<Error>([&] { parse_accounting(odd); }),
        message_of<Error>([&] { parse_submission(odd); })}) {
    CAPTURE(message);
    CHECK(contains(message, "'a?[31m ?'"));
  }
}

TEST_CASE("the answers of sbatch and scontrol are read") {
  CHECK(parse_submission("123\n") == 123);
  CHECK(parse_submission("123;cluster\n") == 123);
  CHECK(contains(message_of<Error>([] { parse_submission("Submitted batch job 123\n"); }),
                 "did not print a job id but: 'Submitted batch job 123'"));
  CHECK(parse_array_limit("MaxArrayTasks           = 5\nMaxArraySize            = 1001\nMaxJobCount = 3\n") ==
        std::optional<std::int64_t>(1001));
  CHECK_FALSE(parse_array_limit("MaxJobCount = 3\n").has_value());
}

}  // namespace
}  // namespace revnet
