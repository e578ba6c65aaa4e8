#include "ranks/communicator.h"

#include <atomic>
#include <map>

#include <doctest/doctest.h>

#include "ranks/thread_communicator.h"

namespace revnet {
namespace {

using testing::MeetingPlace;
using testing::on_ranks;

TEST_CASE("shards cover a batch and differ by one at most") {
  MeetingPlace place(3);
  std::int64_t next = 0;
  for (int rank = 0; rank < 3; ++rank) {
    const Shard shard = ThreadCommunicator(place, rank).shard(8);
    CHECK(shard.first == next);
    CHECK(shard.size >= 2);
    CHECK(shard.size <= 3);
    next += shard.size;
  }
  CHECK(next == 8);
}

TEST_CASE("a failure on one rank reaches all ranks with its name and exit code") {
  MeetingPlace place(3);
  std::atomic<int> named = 0, usage = 0;
  on_ranks(place, [&](int rank) {
    ThreadCommunicator communicator(place, rank);
    communicator.together([] {});
    try {
      communicator.together([&] {
        if (rank == 2) throw UsageError("no such file");
      });
    } catch (const AgreedError& error) {
      if (std::string(error.what()) == "rank 2: no such file") ++named;
    }
    try {
      communicator.together([] { throw UsageError("nowhere"); });
    } catch (const AgreedError& error) {
      if (std::string(error.what()) == "nowhere" && error.exit_code() == ExitCode::usage) ++usage;
    }
  });
  CHECK(named == 3);
  CHECK(usage == 3);
}

TEST_CASE("a launcher is recognised by its environment variables") {
  using Environment = std::map<std::string, std::string>;
  const auto launch = [](const Environment& environment) {
    return find_launch([&](const char* name) {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  };
  CHECK_FALSE(launch({}));
  CHECK_FALSE(launch({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}));  // a batch script, not a step
  CHECK_FALSE(launch({{"PMI_SIZE", "many"}, {"PMI_RANK", "0"}}));
  const std::optional<Launch> mpirun = launch({{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}});
  REQUIRE(mpirun);
  CHECK(mpirun->ranks == 4);
  CHECK(mpirun->rank == 3);
  const std::optional<Launch> srun = launch({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "1"}});
  REQUIRE(srun);
  CHECK(srun->launcher == "srun");
}

}  // namespace
}  // namespace revnet
