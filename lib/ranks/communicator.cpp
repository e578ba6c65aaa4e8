#include "ranks/communicator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#ifdef REVNET_WITH_MPI
#include "ranks/communicator_mpi.h"
#endif

namespace revnet {
namespace {

class NothingPending final : public PendingSum {
 public:
  bool done() override { return true; }
  void wait() override {}
};

class SingleProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 1; }
  void sum(std::span<double> /*values*/) override {}
  std::unique_ptr<PendingSum> start_sum(std::span<float> /*values*/) override {
    return std::make_unique<NothingPending>();
  }
  void broadcast(std::span<std::byte> /*bytes*/) override {}
  std::vector<std::string> gather(const std::string& text) override { return {text}; }
  void set_timeout(double /*seconds*/) override {}
  void abort(ExitCode code) override { std::exit(static_cast<int>(code)); }
  void finish() override {}
};

// The environment variables in which a launcher passes the number of ranks and the rank of this process.
struct Variables {
  const char *ranks, *rank, *launcher;
};
constexpr std::array launchers{
    Variables{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "mpirun"},
    Variables{"PMI_SIZE", "PMI_RANK", "mpirun"},
    // srun sets the number of tasks for each step; a batch script itself has none.
    Variables{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "srun"},
};

std::optional<int> number(const char* text) {
  int value = 0;
  if (text == nullptr) return std::nullopt;
  const char* const end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

}  // namespace

std::int64_t largest_shard(std::int64_t count, std::int64_t ranks) {
  return (count + ranks - 1) / ranks;
}

Shard Communicator::shard(std::int64_t count) const {
  const std::int64_t first = count * rank() / ranks();
  return {first, count * (rank() + 1) / ranks() - first};
}

bool Communicator::any(bool here) {
  double answers = here ? 1 : 0;
  sum({&answers, 1});
  return answers > 0;
}

double Communicator::of_first(double here) {
  broadcast(std::as_writable_bytes(std::span(&here, 1)));
  return here;
}

void Communicator::together(const std::function<void()>& body) {
  if (ranks() == 1) {
    body();
    return;
  }
  std::string failure;  // exit code, then message
  try {
    body();
  } catch (const Error& error) {
    failure = fmt::format("{}{}", fmt::underlying(error.exit_code()), error.what());
  } catch (const std::bad_alloc&) {
    failure = fmt::format("{}out of memory: free some, or use a smaller --batch",
                          fmt::underlying(ExitCode::failed));
  }
  const std::vector<std::string> failures = gather(failure);
  const auto failed = std::ranges::find_if(failures, [](const std::string& text) { return !text.empty(); });
  if (failed == failures.end()) return;
  // A failure that is the same everywhere names no rank.
  const bool everywhere =
      std::ranges::all_of(failures, [&](const std::string& text) { return text == *failed; });
  const std::string who = everywhere ? "" : fmt::format("rank {}: ", failed - failures.begin());
  throw AgreedError(who + failed->substr(1), static_cast<ExitCode>(failed->front() - '0'));
}

std::optional<Launch> find_launch(const std::function<const char*(const char*)>& environment) {
  for (const Variables& variables : launchers) {
    const std::optional<int> ranks = number(environment(variables.ranks)),
                             rank = number(environment(variables.rank));
    if (ranks && rank) return Launch{*rank, *ranks, variables.launcher};
  }
  return std::nullopt;
}

std::optional<Launch> find_launch() {
  return find_launch([](const char* name) { return std::getenv(name); });
}

Communicator& single_process() {
  static SingleProcess process;
  return process;
}

std::unique_ptr<Communicator> make_communicator() {
  const std::optional<Launch> launch = find_launch();
  if (!launch || launch->ranks == 1) return std::make_unique<SingleProcess>();
#ifdef REVNET_WITH_MPI
  return make_mpi_communicator(*launch);
#else
  throw UsageError(
      "{} started {} processes, but this revnet was built without MPI: install libopenmpi-dev "
      "and rebuild it, or start one process",
      launch->launcher, launch->ranks);
#endif
}

void require_one_process(const std::string& command) {
  const std::optional<Launch> launch = find_launch();
  if (!launch || launch->ranks == 1) return;
  throw UsageError("{} runs as one process, but {} started {}: run it without {}", command, launch->launcher,
                   launch->ranks, launch->launcher);
}

}  // namespace revnet
