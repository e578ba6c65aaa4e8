// Runs that are killed again and again at random moments, and runs that are repeated; `make torture` does
// many.
//
// With batches of two and a checkpoint after every step, a training spends most of its time writing, so most
// kills interrupt a write. $REVNET_TORTURE_KILLS is the number of kills, $REVNET_TORTURE_SEED the seed of
// their moments, and $REVNET_TORTURE_RUNS the number of repeated runs.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "data/jpeg_files.h"
#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

// What is killed: one command that begins and, entered again, goes on.
struct Subject {
  std::string name;
  std::string program;  // of revnet's, or a path
  Arguments arguments;
  Environment environment;
  std::vector<std::string> runs;  // in its folder
  bool has_children = false;      // which may be killed instead
};

// Images few enough that an evaluation takes as long as a few steps.
Arguments training(const fs::path& data, const std::string& evaluation_every, const std::string& iterations) {
  return {"images",
          "--data-dir",
          data.string(),
          "--image-size",
          "32",
          "--arch",
          "revnet38",
          "--set",
          "network.units=1,1,2",
          "--batch",
          "2",
          "--iterations",
          iterations,
          "--log-every",
          "1",
          "--checkpoint-every",
          "1",
          "--eval-every",
          evaluation_every,
          "--workers",
          "1",
          "--run-dir",
          "run",
          "--resume"};
}

std::string sweep_file(const fs::path& data) {
  return "name: torture\ndataset: {name: images, image_size: 32, workers: 1, directory: " + data.string() +
         "}\nnetwork: {architecture: revnet38, units: [1, 1, 2]}\ntraining: {iterations: 20, batch: 2}\n"
         "evaluation: {every: 0}\ncheckpoint: {every: 1}\nlog: {every: 1}\n"
         "sweep:\n  grid:\n    training.seed: [1, 2, 3]\n";
}

std::vector<Subject> subjects(const fs::path& data) {
  const Environment one_thread{{"REVNET_THREADS", "1"}};
  std::vector<Subject> all{{"training", "revnet-train", training(data, "0", "60"), one_thread, {"run"}},
                           {"evaluation", "revnet-train", training(data, "1", "20"), one_thread, {"run"}},
                           {"sweep",
                            "revnet-sweep",
                            {"run", "sweep.yaml", "--jobs", "2"},
                            one_thread,
                            {"runs/torture/seed1", "runs/torture/seed2", "runs/torture/seed3"},
                            true}};
#ifdef REVNET_MPIRUN
  all.push_back(
      {"ranks",
       REVNET_MPIRUN,
       join({"--oversubscribe", "-n", "2", REVNET_BIN_DIR "/revnet-train"}, training(data, "5", "30")),
       {{"REVNET_THREADS", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}},
       {"run"},
       true});
#endif
  return all;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

// How many kills interrupted what.
struct Tally {
  int kills = 0, checkpoint = 0, log = 0, settings = 0, evaluation = 0, elsewhere = 0, before_first_step = 0,
      runs = 0;

  void add(const fs::path& run, bool in_first_steps, bool evaluates) {
    ++kills;
    before_first_step += in_first_steps;
    if (fs::exists(run / "checkpoint.h5.tmp")) {
      ++checkpoint;
    } else if (fs::exists(run / "run.h5.tmp")) {
      ++log;
    } else if (fs::exists(run / "config.yaml.tmp")) {
      ++settings;
    } else if (evaluates && is_in_evaluation(run)) {
      ++evaluation;
    } else {
      ++elsewhere;
    }
  }

  // With an evaluation after every step, whose row comes after the step's checkpoint.
  static bool is_in_evaluation(const fs::path& run) {
    if (!fs::exists(run / "checkpoint.h5")) return false;
    const RunLog log = open_log(run);
    return saved_iterations(run) > (log.eval().empty() ? 0 : log.eval().back().iteration);
  }

  std::string text() const {
    return fmt::format(
        "{} kills in {} whole runs: {} while checkpoint.h5 was written, {} while run.h5 was, {} while "
        "config.yaml was, {} in an evaluation, {} elsewhere; {} of all before the process had done a step",
        kills, runs, checkpoint, log, settings, evaluation, elsewhere, before_first_step);
  }
};

// Changes whenever the file is replaced.
std::int64_t version_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// Requires that run.h5 opens and that its rows are the first rows of the uninterrupted run, with none missing
// or doubled. The checkpoint must open too, and must not be ahead of the rows.
void check_left_behind(const fs::path& run, const RunLog& whole) {
  std::int64_t logged = 0;
  if (fs::exists(run / "run.h5")) {
    const RunLog log = open_log(run);
    CHECK(first_difference_of_rows(log, whole) == "");
    if (!log.train().empty()) logged = log.train().back().iteration;
  }
  if (!fs::exists(run / "checkpoint.h5")) return;
  CHECK(open_checkpoint(run).iteration <= logged);
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> all;
  std::error_code gone;
  for (fs::directory_iterator task(fmt::format("/proc/{}/task", process), gone), end; !gone && task != end;
       task.increment(gone)) {
    std::ifstream children(task->path() / "children");
    for (pid_t child = 0; children >> child;) all.push_back(child);
  }
  return all;
}

// A subject in two folders: done once without a disturbance, and killed again and again.
class Torture {
 public:
  Torture(Subject subject, const fs::path& data, std::mt19937_64& random)
      : subject_(std::move(subject)), random_(random) {
    for (const std::string folder : {"whole", "killed"})
      write_file(folder_ / folder / "sweep.yaml", sweep_file(data));
    const auto begin = steady_clock::now();
    finish("whole");
    seconds_ = duration<double>(steady_clock::now() - begin).count();
  }

  const Tally& tally() const { return tally_; }

  void kill(int kills) {
    while (tally_.kills < kills) {
      while (tally_.kills < kills && kill_once()) {
        CAPTURE(tally_.kills);
        for (const std::string& run : subject_.runs)
          check_left_behind(killed(run), open_log(folder_ / "whole" / run));
      }
      finish("killed");
      for (const std::string& run : subject_.runs) {
        CHECK(first_difference(folder_ / "whole" / run, killed(run)) == "");
        for (const auto& [name, bytes] : snapshot(killed(run))) CHECK_FALSE(name.ends_with(".tmp"));
        fs::remove_all(killed(run));
      }
      ++tally_.runs;
    }
  }

 private:
  fs::path killed(const std::string& run) const { return folder_ / "killed" / run; }

  Environment environment() const {
    Environment all = subject_.environment;
    // Two mpiruns at once would share a folder, which the first to end may take away.
    all["OMPI_MCA_orte_tmpdir_base"] = folder_.path().string();
    return all;
  }

  void finish(const std::string& folder) const {
    succeeded(Process(subject_.program, folder_ / folder, subject_.arguments, environment()).wait());
  }

  void sleep_below(double seconds) {
    std::this_thread::sleep_for(
        duration<double>(std::uniform_real_distribution<double>(0, seconds)(random_)));
  }

  // Starts or resumes, and kills at a moment drawn: one in eight in the whole life of the process, three
  // within two steps of its own, and four while it writes. False when it was complete before that.
  bool kill_once() {
    const fs::path run = killed(subject_.runs[random_() % subject_.runs.size()]),
                   checkpoint = run / "checkpoint.h5";
    const std::uint64_t kind = random_() % 8;
    const std::int64_t before = version_of(checkpoint);
    Process process(subject_.program, folder_ / "killed", subject_.arguments, environment());
    if (kind == 0) {
      sleep_below(seconds_);
    } else {
      process.reaches([&] { return version_of(checkpoint) != before; });
      sleep_below(0.06);
    }
    if (kind >= 4 && subject_.name != "evaluation") {
      const bool log = kind == 4;  // which is small, and soon written
      process.reaches([&] { return fs::exists(run / (log ? "run.h5.tmp" : "checkpoint.h5.tmp")); });
      sleep_below(log ? 0.001 : 0.004);
    }
    send_kill(process);
    const Outcome outcome = process.wait();
    if (outcome.exit_code == 0) return false;
    REQUIRE_MESSAGE((subject_.has_children || outcome.signal == SIGKILL), outcome.text());
    tally_.add(run, version_of(checkpoint) == before, subject_.name == "evaluation");
    return true;
  }

  // One process below it, or all at once.
  void send_kill(const Process& process) {
    if (subject_.has_children) process.send(SIGSTOP);  // so that none is started meanwhile
    const std::vector<pid_t> children =
        subject_.has_children ? children_of(process.id()) : std::vector<pid_t>();
    const bool one = !children.empty() && random_() % 2 == 0;
    if (one) ::kill(children[random_() % children.size()], SIGKILL);
    process.send(one ? SIGCONT : SIGKILL);
    if (one) return;
    for (const pid_t child : children) ::kill(child, SIGKILL);
  }

  TemporaryDirectory folder_;
  Subject subject_;
  std::mt19937_64& random_;
  double seconds_ = 0;  // of the whole life
  Tally tally_;
};

}  // namespace

TEST_CASE("what is killed at random moments, again and again, ends as if it had never been") {
  const auto kills = static_cast<int>(number_from("REVNET_TORTURE_KILLS", 8));
  const std::uint64_t seed = number_from("REVNET_TORTURE_SEED", 1);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 2, 10, 40);
  succeeded(run("revnet-data", folder.path(), {"pack", "set", "set.h5"}));
  const std::vector<Subject> all = subjects(folder / "set.h5");
  for (const Subject& subject : all) {
    CAPTURE(subject.name);
    Torture torture(subject, folder / "set.h5", random);
    torture.kill(kills / static_cast<int>(all.size()));
    MESSAGE(subject.name << ": " << torture.tally().text());
    if (kills >= 200 && subject.name == "training")
      CHECK(5 * torture.tally().checkpoint > torture.tally().kills);
    if (kills >= 200 && subject.name == "evaluation")
      CHECK(5 * torture.tally().evaluation > torture.tally().kills);
  }
}

TEST_CASE("repeated runs with one seed are the same bit for bit") {
  const std::uint64_t runs = number_from("REVNET_TORTURE_RUNS", 2);
  TemporaryDirectory folder;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const std::string run = std::to_string(i);
    succeeded(
        train(folder.path(), {"synthetic", "--arch", "revnet38", "--batch", "32", "--iterations", "10",
                              "--log-every", "1", "--eval-every", "5", "--threads", "2", "--run-dir", run}));
    CHECK(first_difference(folder / "0", folder / run) == "");
  }
}
