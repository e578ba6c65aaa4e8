// Runs one target on its seeds and on damaged inputs, without sanitizers or a fuzzer:
//
//     fuzz_replay TARGET [--damaged N] [--from I] [--seed S] [--seconds N] [--findings FOLDER]
//
// Inputs run in child processes, so that a crash or a hang costs only that input. A finding is a crash, an
// exception other than Error, more than N seconds of computing (20 by default), a large allocation, or a
// leak. Each is kept as FOLDER/TARGET-NUMBER (by default in findings), and makes the exit code 1. Equal
// numbers give equal inputs.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stopwatch.h"
#include "files.h"
#include "fuzz/allocations.h"
#include "fuzz/hdf5_target.h"
#include "fuzz/mutation.h"
#include "fuzz/whole_target.h"

namespace revnet::fuzz {
namespace {

constexpr std::uint64_t chunk = 1000;  // inputs of one process
constexpr int most_findings = 50;
constexpr rlim_t reading_seconds = 1;                    // see allow_readers()
constexpr std::size_t most_kept = std::size_t{4} << 20;  // bytes that a chunk may leave allocated

// A target that fails in every way, for the test that findings are found (planted.sh).
void fuzz_planted(Input input) {
  if (input.size() < 4) return;
  if (std::memcmp(input.data(), "stop", 4) == 0) std::abort();
  if (std::memcmp(input.data(), "loop", 4) == 0) {
    for (volatile bool forever = true; forever;) {
    }
  }
  if (std::memcmp(input.data(), "much", 4) == 0) {
    void* volatile block = std::malloc(std::size_t{1} << 30);
    std::free(block);
  }
  if (std::memcmp(input.data(), "leak", 4) == 0) {
    [[maybe_unused]] static void* volatile lost = nullptr;
    for (int i = 0; i < 100; ++i) lost = std::malloc(100'000);
  }
  if (std::memcmp(input.data(), "what", 4) == 0) throw std::runtime_error("not an Error");
}

std::vector<Bytes> planted_seeds() {
  std::vector<Bytes> seeds;
  for (const std::string text : {"fine", "stop", "loop", "much", "what", "leak"}) {
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

struct Target {
  const char* name;
  void (*run)(Input);
  std::vector<Bytes> (*seeds)();  // null: the files of tests/fuzz/seeds/NAME
  bool is_hdf5 = false;  // then the files of tests/fuzz/seeds/NAME are earlier findings, which run undamaged
};
constexpr std::array targets{Target{"cifar", fuzz_cifar, nullptr},
                             Target{"jpeg", fuzz_jpeg, nullptr},
                             Target{"config", fuzz_config, nullptr},
                             Target{"sweep", fuzz_sweep, nullptr},
                             Target{"slurm", fuzz_slurm, nullptr},
                             Target{"checkpoint", fuzz_checkpoint, [] { return checkpoint_seeds(); }, true},
                             Target{"run_log", fuzz_run_log, [] { return run_log_seeds(); }, true},
                             Target{"study_log", fuzz_study_log, [] { return study_log_seeds(); }, true},
                             Target{"planted", fuzz_planted, planted_seeds}};

std::optional<Target> find_target(const std::string& name) {
  const auto target = std::ranges::find(targets, name, &Target::name);
  if (target != targets.end()) return *target;
  const auto whole = std::ranges::find(whole_targets, name, &WholeTarget::name);
  if (whole == whole_targets.end()) return {};
  return Target{whole->name, whole->run, whole->seeds};
}

std::vector<Bytes> seed_files(const std::string& name) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder(REVNET_FUZZ_SEEDS "/" + name);
  if (!std::filesystem::exists(folder)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Bytes> seeds;
  for (const auto& file : files) {
    const std::string text = testing::read_file(file);
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

struct Options {
  std::uint64_t damaged = 1000, from = 0, seed = 1;
  unsigned seconds = 20;
  std::string findings = "findings";
};

// Numbered inputs: first the seeds, then damaged ones.
class Inputs {
 public:
  Inputs(const Target& target, const Options& options) : seed_(options.seed), is_hdf5_(target.is_hdf5) {
    seeds_ = target.seeds != nullptr ? target.seeds() : seed_files(target.name);
    if (is_hdf5_) found_ = seed_files(target.name);
    for (const Bytes& seed : seeds_) structures_.push_back(is_hdf5_ ? structure_of(seed) : Ranges{});
  }
  std::uint64_t seeds() const { return seeds_.size() + found_.size(); }

  Bytes make(std::uint64_t number) const {
    if (number < seeds_.size()) return seeds_[number];
    if (number < seeds()) return found_[number - seeds_.size()];
    Random random(seed_, number);
    // Half of the HDF5 inputs come from the first seed, which is small and nearly all structure.
    const std::size_t which = is_hdf5_ && random.below(2) == 0 ? 0 : random.below(seeds_.size());
    if (!is_hdf5_ || random.below(3) != 0) {
      return damaged(seeds_[which], seeds_, structures_[which], random);
    }
    const Bytes file = restructured(seeds_[which], random);
    return random.below(4) == 0 ? damaged(file, seeds_, {}, random) : file;
  }

 private:
  std::uint64_t seed_;
  bool is_hdf5_;
  std::vector<Bytes> seeds_, found_;
  std::vector<Ranges> structures_;
};

// The input that a child process works on, in memory that it shares with its parent.
struct Progress {
  std::uint64_t number = 0;
};

class Replay {
 public:
  Replay(const Target& target, const Options& options)
      : target_(target), options_(options), inputs_(target, options), progress_(shared()) {}

  // Returns the number of findings.
  int run() {
    const std::uint64_t end = inputs_.seeds() + options_.damaged;
    int findings = 0;
    for (std::uint64_t first = options_.from; first < end && findings < most_findings;) {
      const std::uint64_t last = std::min(end, first + chunk);
      progress_.number = first;
      const std::string ended = run_chunk(first, last);
      first = last;
      if (ended.empty()) continue;
      ++findings;
      first = progress_.number + 1;
      keep(progress_.number, ended);
    }
    return findings;
  }
  std::uint64_t seeds() const { return inputs_.seeds(); }

 private:
  static Progress& shared() {
    void* memory =
        ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "memory can be shared");
    return *new (memory) Progress;
  }

  // Runs inputs [first, last) in a child process. Returns how the child failed, or "" if it did not.
  std::string run_chunk(std::uint64_t first, std::uint64_t last) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) run_here(first, last);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return "no process could be started";
    if (WIFEXITED(status)) {
      return WEXITSTATUS(status) == 0 ? "" : "exit code " + std::to_string(WEXITSTATUS(status));
    }
    if (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGPROF) {
      return "still running after " + std::to_string(options_.seconds) + " seconds";
    }
    return std::string("signal ") + ::strsignal(WTERMSIG(status));
  }

  [[noreturn]] void run_here(std::uint64_t first, std::uint64_t last) {
    allow_readers(reading_seconds);
    target_.run(inputs_.make(0));  // so that what a reader sets up once does not count as a leak
    const std::size_t before = allocated_bytes();
    for (std::uint64_t number = first; number < last; ++number) {
      progress_.number = number;
      const Bytes input = inputs_.make(number);
      watch(options_.seconds);
      limit_allocations(true);
      target_.run(input);
      limit_allocations(false);
      watch(0);
    }
    require(allocated_bytes() < before + most_kept, "memory does not leak");
    std::exit(0);
  }

  // Gives each process that read_apart.h starts so many seconds of processor time. Some damage makes HDF5
  // loop, and the ten seconds that users wait would test nothing more. This process itself may take longer.
  static void allow_readers(rlim_t seconds) {
    std::signal(SIGXCPU, SIG_IGN);
    rlimit limit{};
    require(::getrlimit(RLIMIT_CPU, &limit) == 0, "limits can be read");
    limit.rlim_cur = seconds;
    require(::setrlimit(RLIMIT_CPU, &limit) == 0, "limits can be set");
  }

  // Ends this process after `seconds` of computing, or thirty times as long on a busy machine.
  static void watch(unsigned seconds) {
    itimerval computing{};
    computing.it_value.tv_sec = seconds;
    ::setitimer(ITIMER_PROF, &computing, nullptr);
    ::alarm(30 * seconds);
  }

  void keep(std::uint64_t number, const std::string& ended) const {
    const Bytes input = inputs_.make(number);
    const std::string name = std::string(target_.name) + "-" + std::to_string(number);
    const auto file = std::filesystem::path(options_.findings) / name;
    testing::write_file(file, {input.begin(), input.end()});
    std::printf("%s: input %llu: %s; kept as %s\n", target_.name, static_cast<unsigned long long>(number),
                ended.c_str(), file.c_str());
  }

  const Target& target_;
  const Options& options_;
  Inputs inputs_;
  Progress& progress_;
};

int run_all(const Target& target, const Options& options) {
  const Stopwatch stopwatch;
  const Tally& tallied = tally();  // before there are child processes
  Replay replay(target, options);
  const int findings = replay.run();
  const std::string outcomes =
      tallied.refused == 0 ? "" : fmt::format("{} refused, {} harmless, ", tallied.refused, tallied.harmless);
  fmt::print("{}: {} seeds and {} damaged inputs in {:.1f} seconds: {}{} findings\n", target.name,
             replay.seeds(), options.damaged, stopwatch.seconds(), outcomes,
             findings == 0 ? "no" : fmt::to_string(findings));
  return findings == 0 ? 0 : 1;
}

int usage() {
  std::fprintf(stderr,
               "fuzz_replay TARGET [--damaged N] [--from I] [--seed S] [--seconds N] [--findings FOLDER]\n");
  return 2;
}

int run(const std::vector<std::string>& words) {
  const std::optional<Target> target = words.empty() ? std::nullopt : find_target(words[0]);
  if (!target || words.size() % 2 == 0) return usage();
  Options options;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (words[i] == "--damaged") {
      options.damaged = std::stoull(value);
    } else if (words[i] == "--from") {
      options.from = std::stoull(value);
    } else if (words[i] == "--seed") {
      options.seed = std::stoull(value);
    } else if (words[i] == "--seconds") {
      options.seconds = static_cast<unsigned>(std::stoul(value));
    } else if (words[i] == "--findings") {
      options.findings = value;
    } else {
      return usage();
    }
  }
  return run_all(*target, options);
}

}  // namespace
}  // namespace revnet::fuzz

int main(int count, char** words) {
  return revnet::fuzz::run({words + 1, words + count});
}
