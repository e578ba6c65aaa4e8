// revnet-sweep --launcher slurm in a private Slurm.
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>

#include "end_to_end/slurm/sandbox.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

std::string experiment(const std::string& name, const std::string& grid, int iterations,
                       const std::string& slurm = "{time: 30}") {
  return "name: " + name +
         "\ndataset: {name: synthetic}\ntraining: {iterations: " + std::to_string(iterations) +
         ", batch: 2}\nnetwork: {architecture: resnet32}\nevaluation: {every: 0}\n" +
         "checkpoint: {every: 1}\nlog: {every: 1}\nsweep:\n  grid:\n    " + grid + "\n  slurm: " + slurm +
         "\n";
}

bool is_complete(const fs::path& run) {
  return fs::exists(RunFiles(run).run_log()) && open_log(run).status() == RunStatus::complete;
}

// The exit codes of a job's tries: the last word of each line in SWEEP/slurm/JOB.exits.
std::string exit_codes(const fs::path& sweep, const std::string& job) {
  std::ifstream file(sweep / "slurm" / (job + ".exits"));
  std::string codes;
  for (std::string line; std::getline(file, line);) codes += line.substr(line.rfind('\t') + 1) + " ";
  return codes;
}

// The value of `key` in /proc/PROCESS/status, or "" if there is no such process.
std::string process_status(int process, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;) {
    if (word == key + ":" && file >> word) return word;
  }
  return "";
}

// A process that has ended but that its parent has not yet reaped is not alive.
bool is_alive(int process) {
  const std::string state = process_status(process, "State");
  return !state.empty() && state != "Z";
}

// The tasks and jobs of a file of submissions, without Slurm's job ids: a task that starts takes another id,
// so how they go on depends on time.
std::string without_ids(const fs::path& path) {
  std::istringstream lines(read_file(path));
  std::string result;
  for (std::string line; std::getline(lines, line);) result += line.substr(line.find('\t') + 1) + "\n";
  return result;
}

TEST_CASE("two sweeps at once give the same bits in Slurm as on this machine") {
  Sandbox slurm;
  const TemporaryDirectory parent;
  const fs::path folder = parent / "a folder 50%j";  // characters that a shell or Slurm would expand
  const std::string grid = "training.seed: [1, 2, 3]";
  write_file(folder / "a.yaml", experiment("a", grid, 3, "{array_limit: 2, time: 30}"));
  write_file(folder / "b.yaml", experiment("b", "training.batch: [3]", 2));
  succeeded(sweep(folder, {"run", "a.yaml", "--launcher", "slurm"}));
  succeeded(sweep(folder, {"run", "b.yaml", "--launcher", "slurm"}));
  CHECK(without_ids(folder / "runs/a/slurm/jobs") == "0\tseed1\n1\tseed2\n0\tseed3\n");
  CHECK(without_ids(folder / "runs/b/slurm/jobs") == "0\tbatch3\n");
  // No job can be done so soon, whether or not the node has started it.
  const Outcome again = sweep(folder, {"run", "a.yaml", "--launcher", "slurm"});
  CHECK(again.exit_code == 0);
  CHECK(contains(again.err, "seed3: already in Slurm, "));
  CHECK_FALSE(fs::exists(folder / "runs/a/slurm/3.sh"));

  succeeded(sweep(folder, {"run", "a.yaml", "--sweep-dir", "local", "--jobs", "2"}));
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  for (const char* job : {"seed1", "seed2", "seed3"}) {
    CAPTURE(job);
    CHECK(exit_codes(folder / "runs/a", job) == "0 ");
    CHECK(first_difference(folder / "local" / job, folder / "runs/a" / job) == "");
    CHECK(open_config(folder / "runs/a" / job).training.threads == 1);
  }
  CHECK(open_config(folder / "runs/b/batch3").training.batch == 3);
  CHECK(is_complete(folder / "runs/b/batch3"));
  const Outcome done = sweep(folder, {"run", "a.yaml", "--launcher", "slurm"});
  CHECK(done.exit_code == 0);
  CHECK(contains(done.err, "seed3: already complete"));
  CHECK(slurm.queue().empty());
  write_file(folder / "a.yaml", experiment("a", grid, 4));
  const Outcome changed = sweep(folder, {"run", "a.yaml", "--launcher", "slurm"});
  CHECK(changed.exit_code == 2);
  CHECK(contains(changed.err, "training.iterations was 3"));
}

TEST_CASE("a job at its time limit is signalled, saves, is queued again and completes") {
  Sandbox slurm;
  const TemporaryDirectory folder;
  const std::string grid = "training.seed: [1]";
  // Slurm checks limits twice a minute, so it warns this job 10 to 40 seconds after its start.
  write_file(folder / "s.yaml", experiment("s", grid, 60, "{time: 1, signal_seconds: 50}"));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--sweep-dir", "whole"}));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  const fs::path run = folder / "runs/s/seed1";
  REQUIRE(comes("an iteration", [&] { return saved_iterations(run) >= 1; }));
  // Stopped, so that even a fast machine does not finish before the signal. Slurm wakes the jobs it warns.
  REQUIRE(::kill(holder(run), SIGSTOP) == 0);
  REQUIRE(saved_iterations(run) < 60);
  REQUIRE(comes("the last try's end", [&] { return slurm.queue().empty(); }));
  const std::string codes = exit_codes(folder / "runs/s", "seed1");
  CHECK_MESSAGE((codes.starts_with("3 ") && codes.ends_with(" 0 ")), codes);
  CHECK(contains(read_file(folder / "runs/s/slurm/1_0.log"), "seed1, try 1 of 20: queued again"));
  CHECK(saved_iterations(run) == 60);
  CHECK(first_difference(folder / "whole/seed1", run) == "");
}

TEST_CASE("tries are limited, and a job interrupted in its last one can be submitted again") {
  Sandbox slurm;
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("s", "training.seed: [1, 2]", 25, "{time: 30, max_tries: 1}"));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  const fs::path run = folder / "runs/s/seed2";  // an array's last task, so its id is the array's, too
  REQUIRE(comes("some iterations", [&] { return saved_iterations(run) >= 3; }));
  output({"scancel", "--signal=USR1", "1_1"});  // only to its steps, as Slurm does to warn
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  CHECK(exit_codes(folder / "runs/s", "seed2") == "3 ");
  CHECK(contains(read_file(folder / "runs/s/slurm/1_1.log"), "this was the last try"));
  const Outcome status = sweep(folder.path(), {"status", "s.yaml"});
  CHECK_MESSAGE(contains(status.out, "interrupted"), status.text());
  CHECK_MESSAGE(contains(status.out, "ended with exit code 3 at try 1"), status.text());
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  CHECK(is_complete(run));
  CHECK(saved_iterations(run) == 25);
}

#ifdef REVNET_MPIRUN
// The reference is the same run under mpirun, never interrupted.
TEST_CASE(
    "a job of two tasks trains on two ranks, is queued again after a signal, and ends as under mpirun") {
  if (std::thread::hardware_concurrency() < 2) {
    MESSAGE("skipped: two tasks need two processors");
    return;
  }
  Sandbox slurm;
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("s", "training.seed: [1]", 25, "{time: 30, tasks: 2}"));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  const fs::path run = folder / "runs/s/seed1";
  REQUIRE(comes("some iterations", [&] { return saved_iterations(run) >= 3; }));
  output({"scancel", "--signal=USR1", "1_0"});  // only to its steps, as Slurm does to warn
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  INFO(read_file(folder / "runs/s/slurm/1_0.log"), read_file(folder / "runs/s/logs/seed1.err"));
  CHECK(exit_codes(folder / "runs/s", "seed1") == "3 0 ");
  REQUIRE(is_complete(run));
  CHECK(open_log(run).info().extra.at("ranks") == "2");
  CHECK(open_log(run).all_reduce().at("seconds_alone") > 0);
  CHECK(contains(read_file(folder / "runs/s/logs/seed1.out"), "2 ranks; "));
  CHECK(contains(read_file(folder / "runs/s/logs/seed1.err"), "rank 1 with 1 thread"));

  succeeded(Process(REVNET_MPIRUN, folder.path(),
                    {"--oversubscribe", "-n", "2", REVNET_BIN_DIR "/revnet-train", "synthetic", "--config",
                     "runs/s/logs/seed1.yaml", "--run-dir", "reference"},
                    for_mpirun(folder.path()))
                .wait());
  CHECK(first_difference(folder / "reference", run) == "");
}
#endif

TEST_CASE("a cancelled sweep saves its checkpoints and stays out of the queue") {
  Sandbox slurm;
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml",
             experiment("s", "training.seed: [1, 2]", 100000, "{time: 30, running_limit: 1}"));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  const fs::path run = folder / "runs/s/seed1";
  REQUIRE(comes("some iterations", [&] { return saved_iterations(run) >= 3; }));
  const Outcome status = sweep(folder.path(), {"status", "s.yaml"});
  CHECK_MESSAGE(contains(status.out, "running on " + slurm.node()), status.text());
  CHECK_MESSAGE(contains(status.out, "pending (JobArrayTaskLimit)"), status.text());
  const Outcome cancelled = succeeded(sweep(folder.path(), {"cancel", "s.yaml"}));
  CHECK(cancelled.out == "2 jobs of runs/s cancelled\n");
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  CHECK(exit_codes(folder / "runs/s", "seed1") == "3 ");
  CHECK(open_log(run).status() == RunStatus::interrupted);
  CHECK(contains(read_file(folder / "runs/s/slurm/1_0.log"), "not queued again: the job is "));
  CHECK_FALSE(fs::exists(folder / "runs/s/seed2"));
  CHECK(sweep(folder.path(), {"cancel", "s.yaml"}).out == "0 jobs of runs/s cancelled\n");
}

TEST_CASE("a job restarts when its node is up again, and a failed job shows its exit code") {
  Sandbox slurm;
  const TemporaryDirectory folder;
  write_file(folder / "s.yaml", experiment("s", "training.seed: [1]", 40));
  write_file(folder / "f.yaml", experiment("f", "dataset.name: [cifar10]", 2));
  succeeded(sweep(folder.path(), {"run", "s.yaml", "--launcher", "slurm"}));
  const fs::path run = folder / "runs/s/seed1";
  REQUIRE(comes("some iterations", [&] { return saved_iterations(run) >= 3; }));
  output({"scontrol", "update", "NodeName=" + slurm.node(), "State=DOWN", "Reason=test"});
  REQUIRE(comes("a requeued job", [&] {
    return contains(slurm.queue(), "PENDING") && process_status(holder(run), "Name") != "revnet-train";
  }));
  const std::int64_t before = saved_iterations(run);
  CHECK(before < 40);
  REQUIRE(sweep(folder.path(), {"run", "f.yaml", "--launcher", "slurm", "--data-dir", "nowhere"}).exit_code ==
          0);
  output({"scontrol", "update", "NodeName=" + slurm.node(), "State=RESUME"});
  REQUIRE(comes("an empty queue", [&] { return slurm.queue().empty(); }));
  CHECK(is_complete(run));
  CHECK(saved_iterations(run) == 40);
  CHECK(contains(read_file(folder / "runs/s/logs/seed1.out"), "40 of 40 iterations"));
  CHECK(contains(read_file(folder / "runs/s/slurm/1_0.log"), "seed1, try 2 of 20: exit code 0"));
  const Outcome status = sweep(folder.path(), {"status", "f.yaml"});
  CHECK_MESSAGE(contains(status.out, "ended with exit code 1 at try 1"), status.text());
  CHECK(contains(read_file(folder / "runs/f/logs/cifar10.err"), "nowhere"));
}

TEST_CASE("a stopped sandbox leaves nothing behind") {
  Sandbox slurm;
  const TemporaryDirectory other;
  std::vector<int> processes = slurm.daemons();
  output({"sbatch", "--parsable", "--output=/dev/null",
          "--wrap=echo $$ > " + (other / "job").string() + "; exec sleep 1000"});
  REQUIRE(comes("a running job",
                [&] { return fs::exists(other / "job") && read_file(other / "job").ends_with('\n'); }));
  processes.push_back(std::stoi(read_file(other / "job")));
  for (const int process : processes) CHECK(is_alive(process));
  const std::string script = "'" REVNET_SCRIPTS_DIR "/slurm-sandbox'";
  const auto is_refused = [&](const std::string& action, const fs::path& folder) {
    return std::system((script + " " + action + " " + folder.string() + " 2> /dev/null").c_str()) != 0;
  };
  CHECK(is_refused("start", slurm.folder()));
  CHECK(is_refused("stop", other.path()));
  CHECK(slurm.stop());
  CHECK_FALSE(fs::exists(slurm.folder()));
  for (const int process : processes) CHECK_FALSE(is_alive(process));

  // A sandbox that belongs to a process ends with that process.
  CHECK(std::system(("sleep 1 & exec " + script + " start " + (other / "slurm").string() + " $!").c_str()) ==
        0);
  CHECK(comes("its end", [&] { return !fs::exists(other / "slurm"); }));
}

}  // namespace
}  // namespace revnet::testing
