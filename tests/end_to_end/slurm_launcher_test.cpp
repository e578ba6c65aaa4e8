// What revnet-sweep --launcher slurm prints and refuses, with scripts in place of Slurm's commands.
// tests/end_to_end/slurm tests it in a private Slurm.

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

// A folder with an experiment file, and with fake commands that come first in $PATH.
struct Place {
  explicit Place(const std::string& grid, const std::string& slurm = "{}") {
    fs::create_directories(folder / "bin");
    write_file(folder / "s.yaml", "name: s\ndataset: {name: synthetic}\nsweep:\n  grid: {" + grid +
                                      "}\n  slurm: " + slurm + "\n");
  }
  void command(const std::string& name, const std::string& script) const {
    write_file(folder / "bin" / name, "#!/bin/sh\n" + script);
    fs::permissions(folder / "bin" / name, fs::perms::owner_all);
  }
  Outcome sweep(const Arguments& arguments, Environment environment = {}) const {
    environment["PATH"] = (folder / "bin").string();
    return Process("revnet-sweep", folder.path(), arguments, environment).wait();
  }
  Outcome run_in_slurm(const Arguments& more = {}, const Environment& environment = {}) const {
    return sweep(join({"run", "s.yaml", "--launcher", "slurm"}, more), environment);
  }

  TemporaryDirectory folder;
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
  return found;
}

TEST_CASE("a dry run prints the batch script and touches nothing") {
  const Place place("training.batch: [8, 9]", "{time: 90, nodes: 2, tasks: 4, cpus_per_task: 8}");
  const Outcome dry = succeeded(place.run_in_slurm({"--dry-run"}));
  CHECK(dry.out.starts_with("#!/bin/bash\n#SBATCH --job-name=s\n#SBATCH --array=0-1\n"));
  for (const char* part : {"#SBATCH --time=90\n", "#SBATCH --nodes=2\n#SBATCH --ntasks=4\n", "--mpi=pmix",
                           "0) job=batch8 ", "1) job=batch9 "}) {
    CHECK(contains(dry.out, part));
  }
  CHECK(contains(Place("training.batch: [2]", "{tasks: 2, mpi: pmi2}").run_in_slurm({"--dry-run"}).out,
                 " --mpi=pmi2 "));
  const Outcome small = Place("training.threads: [0]").run_in_slurm({"--dry-run"}, {{"REVNET_THREADS", ""}});
  CHECK_FALSE(contains(small.out, "--mpi"));
  CHECK(contains(small.out, "#SBATCH --cpus-per-task=1\n"));
  CHECK(contains(small.err, "each task gets one core, because neither sweep.slurm.cpus_per_task nor"));
  CHECK_FALSE(contains(dry.err, "one core"));
  const Outcome impossible = Place("training.batch: [2]", "{tasks: 4}").run_in_slurm({"--dry-run"});
  CHECK(impossible.exit_code == 2);
  CHECK(contains(impossible.err, "batch2: training.batch: 2 images are too few for 4 ranks"));
  CHECK(contains(dry.out, (place.folder / "runs/s").string()));
  CHECK(contains(dry.err, "assuming arrays of at most 1001 jobs"));
  CHECK_FALSE(fs::exists(place.folder / "runs"));
}

TEST_CASE("job arrays are as large as the cluster and the experiment file allow") {
  const std::string grid = "training.seed: [1, 2, 3, 4, 5]";
  const Place place(grid), smaller(grid, "{array_limit: 2}"), larger(grid, "{array_limit: 100}");
  const auto arrays = [](const Place& where) {
    where.command("scontrol", "echo 'MaxArraySize            = 3'\n");
    const Outcome dry = succeeded(where.run_in_slurm({"--dry-run"}));
    CHECK(dry.err.empty());
    for (int seed = 1; seed <= 5; ++seed) CHECK(count(dry.out, "job=seed" + std::to_string(seed) + " ") == 1);
    return std::pair(count(dry.out, "--array=0-2\n"), count(dry.out, "#SBATCH --array="));
  };
  CHECK(arrays(place) == std::pair<std::size_t, std::size_t>(1, 2));
  CHECK(arrays(larger) == std::pair<std::size_t, std::size_t>(1, 2));
  CHECK(arrays(smaller) == std::pair<std::size_t, std::size_t>(0, 3));
  smaller.command("scontrol", "echo 'MaxArraySize = 0'\n");
  const Outcome none = smaller.run_in_slurm({"--dry-run"});
  CHECK(none.exit_code == 1);
  CHECK(contains(none.err, "allows no array jobs"));
}

TEST_CASE("submitted jobs are shown, not submitted twice, and can be cancelled") {
  const Place place("training.seed: [1, 2]", "{extra_lines: [\"#SBATCH --constraint=avx512\"]}");
  place.command("scontrol", "echo 'MaxArraySize = 3'\n");
  place.command("sbatch", "echo called >> sbatch.calls\nset > sbatch.variables\necho '41;cluster'\n");
  place.command("squeue",
                "echo '41|0|RUNNING|9:00|node7|None|s'\necho '41|1|PENDING|9:00||Priority|s'\n"
                "echo '41|1|PENDING|9:00||Priority|another'\n");
  place.command("scancel", "echo \"$@\" >> scancel.calls\n");
  const Outcome first = succeeded(place.run_in_slurm({}, {{"SBATCH_SIGNAL", "KILL@5"},
                                                          {"SBATCH_CONSTRAINT", "avx2"},
                                                          {"SBATCH_TIMELIMIT", "60"},
                                                          {"SBATCH_QOS", "low"}}));
  const std::string variables = read_file(place.folder / "sbatch.variables");
  // These would come before the options in the script.
  CHECK_FALSE(contains(variables, "SBATCH_SIGNAL"));
  CHECK_FALSE(contains(variables, "SBATCH_CONSTRAINT"));
  // The experiment file leaves these open.
  CHECK(contains(variables, "SBATCH_TIMELIMIT"));
  CHECK(contains(variables, "SBATCH_QOS"));
  CHECK(contains(first.err, "array job 41: 2 jobs, "));
  CHECK(read_file(place.folder / "runs/s/slurm/jobs") == "41\t0\tseed1\n41\t1\tseed2\n");
  CHECK(contains(first.out, "running on node7, 9:00 to its limit"));
  const Outcome again = place.run_in_slurm();
  CHECK(again.exit_code == 0);
  CHECK(contains(again.err, "seed2: already in Slurm, pending (Priority)"));
  CHECK(read_file(place.folder / "sbatch.calls") == "called\n");
  const std::string file = read_file(place.folder / "s.yaml");
  write_file(place.folder / "s.yaml", file + "training: {momentum: 0.8}\n");
  const Outcome changed = place.run_in_slurm();
  CHECK(changed.exit_code == 2);
  CHECK_MESSAGE(
      contains(changed.err, "waits in Slurm with training.momentum = 0.9, but the sweep now says 0.8"),
      changed.err);
  write_file(place.folder / "s.yaml", file);
  const Outcome here = place.sweep({"run", "s.yaml"});
  CHECK(here.exit_code == 0);
  CHECK(contains(here.err, "seed2: already in Slurm, pending (Priority)"));
  CHECK(count(place.sweep({"run", "s.yaml", "--dry-run"}).out, "in Slurm") == 2);
  CHECK(place.sweep({"cancel", "s.yaml"}).out == "2 jobs of runs/s cancelled\n");
  CHECK(read_file(place.folder / "scancel.calls") == "41\n");

  // Jobs that have left the queue have the states that accounting reports.
  place.command("squeue", "");
  place.command("sacct",
                "echo \"$@\" > sacct.call\n"
                "echo '41_0|TIMEOUT|0:0|s'\necho '41_1|FAILED|1:0|s'\necho '41_1|COMPLETED|0:0|another'\n");
  const Outcome status = place.sweep({"status", "s.yaml"});
  CHECK_MESSAGE(contains(status.out, "timeout"), status.text());
  CHECK_MESSAGE(contains(status.out, "failed (exit code 1:0)"), status.text());
  CHECK(read_file(place.folder / "sacct.call") ==
        "--noheader --parsable2 --allocations --jobs=41 --format=JobID,State,ExitCode,JobName\n");
  place.command("squeue", "echo 'slurm_load_jobs error: no answer' >&2\nexit 1\n");
  const Outcome unanswered = place.sweep({"status", "s.yaml"});
  CHECK(unanswered.exit_code == 0);
  CHECK(contains(unanswered.err, "squeue failed (exit code 1): slurm_load_jobs error: no answer"));
  const Outcome planned = succeeded(place.sweep({"run", "s.yaml", "--dry-run"}));
  CHECK(contains(planned.err, "no answer; if jobs of this sweep still wait in Slurm, cancel them there"));
  CHECK(contains(planned.out, "waiting"));
  CHECK(place.run_in_slurm().exit_code == 1);  // because the queue is unknown
  CHECK(read_file(place.folder / "sbatch.calls") == "called\n");
}

TEST_CASE("a missing Slurm and refusals by Slurm give one line of error") {
  const Place place("training.threads: [1, 2]", "{cpus_per_task: 1}");
  const Outcome absent = place.run_in_slurm();
  CHECK(absent.exit_code == 1);
  CHECK(is_one_line(absent.err));
  CHECK(contains(absent.err, "(sbatch, squeue, scancel) are not found in $PATH"));
  CHECK_FALSE(fs::exists(place.folder / "runs"));
  CHECK(place.sweep({"cancel", "s.yaml"}).out == "0 jobs of runs/s cancelled\n");

  place.command("sbatch", "echo 'sbatch: error: invalid account' >&2\nexit 1\n");
  const Outcome wide = place.run_in_slurm();
  CHECK(wide.exit_code == 2);
  CHECK(contains(wide.err,
                 "threads2 has 2 threads (training.threads), more than sweep.slurm.cpus_per_task, 1"));
  const Outcome local = place.run_in_slurm({"--jobs", "2"});
  CHECK(local.exit_code == 2);
  CHECK(contains(local.err, "--jobs is for --launcher local"));

  const Place other("training.seed: [1]");
  other.command("sbatch", "echo 'sbatch: error: invalid account' >&2\nexit 1\n");
  const Outcome refused = other.run_in_slurm();
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.err, "sbatch failed (exit code 1): sbatch: error: invalid account"));
  CHECK_FALSE(fs::exists(other.folder / "runs/s/slurm/jobs"));
}

TEST_CASE("only one process at a time can submit a sweep") {
  const Place place("training.seed: [1]");
  place.command("sbatch", "while [ ! -e go ]; do /bin/sleep 0.05; done\necho 41\n");
  place.command("squeue", "");
  Process first("revnet-sweep", place.folder.path(), {"run", "s.yaml", "--launcher", "slurm"},
                {{"PATH", (place.folder / "bin").string()}});
  REQUIRE(first.reaches([&] { return fs::exists(place.folder / "runs/s/slurm/1.sh"); }));
  const Outcome second = place.run_in_slurm();
  CHECK(second.exit_code == 1);
  CHECK(contains(second.err, "runs/s is in use by process "));
  write_file(place.folder / "go", "");
  CHECK(first.wait().exit_code == 0);
  CHECK_FALSE(fs::exists(place.folder / "runs/s/slurm/2.sh"));
}

}  // namespace
}  // namespace revnet::testing
