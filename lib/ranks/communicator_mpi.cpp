#ifdef REVNET_WITH_MPI
#include "ranks/communicator_mpi.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include "base/stopwatch.h"
#include "base/text.h"
#include "system/host.h"

namespace revnet {
namespace {

constexpr double seconds_between_looks = 0.05;  // a waiting rank checks on the others this often
// A rank that computes answers between the batches of an evaluation, each of which may take some time.
constexpr double least_seconds_to_answer = 5, share_of_timeout_to_answer = 0.1;
// Other ranks wait this long, so that rank 0, which has the run's log, is the one to report who is missing.
constexpr double seconds_for_the_first_to_say = 5;

// Detects ranks that have died or hang. The process of a rank on this host must exist, and whenever a wait
// has lasted for another time-out, every rank must answer a question. All do while they wait, and in between
// where they stay_in_touch().
class RollCall {
 public:
  RollCall(MPI_Comm channel, int rank) : channel_(channel), rank_(rank) {}

  // Takes each rank's introduction().
  void introduce(const std::vector<std::string>& introductions);
  void set_timeout(double seconds) { timeout_ = seconds; }

  void begin_wait();
  // Called repeatedly during a wait that has lasted `waited` seconds: answers and asks questions, and throws
  // an Error if a rank is missing.
  void look(double waited);

  enum class Answer : int { none, computing, waiting };
  // Tells all ranks that have asked what this one does.
  void answer_questions(Answer mine);

 private:
  enum Tag { question = 1, answer = 2 };

  struct Other {
    std::string host, process_numbers;
    pid_t process = 0;
    bool here = false;  // where this process can look for it
  };

  void look_for_processes(double waited);
  void check_answers(double waited);
  void ask();
  void take_answers();
  std::vector<int> ranks_that(Answer given) const;
  [[noreturn]] void report(const std::vector<int>& missing, const std::string& what) const;
  double seconds_to_answer() const {
    return std::max(least_seconds_to_answer, share_of_timeout_to_answer * timeout_);
  }
  bool leaves_it_to_the_first(const std::vector<int>& missing) const {
    return rank_ != 0 && std::ranges::find(missing, 0) == missing.end();
  }

  MPI_Comm channel_;
  int rank_;
  double timeout_ = 0;
  std::vector<Other> others_;
  // Seconds into the current wait at which a rank was found dead, and at which questions that await answers
  // were sent; -1: never.
  double died_at_ = -1;
  double asked_at_ = -1;
  double quiet_since_ = 0;  // the time-out runs from here, in seconds into the current wait
  std::vector<Answer> answers_;
  int round_ = 0;  // of questions, so that answers can name theirs
};

// Names this process: its number, where that number counts, and the host. Two machines may have one name, so
// the boot tells them apart, and containers on a machine may have process numbers of their own.
std::string introduction() {
  std::error_code unknown;
  const std::string process_numbers = std::filesystem::read_symlink("/proc/self/ns/pid", unknown).string();
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return fmt::format("{} {}/{} {}", ::getpid(), boot, unknown ? "unknown" : process_numbers, host_name());
}

void RollCall::introduce(const std::vector<std::string>& introductions) {
  for (const std::string& text : introductions) {
    std::istringstream words(text);
    Other other;
    words >> other.process >> other.process_numbers >> other.host;
    others_.push_back(other);
  }
  const Other& self = others_[static_cast<std::size_t>(rank_)];
  for (Other& other : others_) {
    other.here = other.host == self.host && other.process_numbers == self.process_numbers;
  }
}

void RollCall::begin_wait() {
  died_at_ = -1;
  asked_at_ = -1;
  quiet_since_ = 0;
}

void RollCall::look(double waited) {
  answer_questions(Answer::waiting);
  look_for_processes(waited);
  if (timeout_ > 0) check_answers(waited);
}

void RollCall::answer_questions(Answer mine) {
  int found = 0;
  MPI_Status status;
  while (MPI_Iprobe(MPI_ANY_SOURCE, question, channel_, &found, &status) == MPI_SUCCESS && found != 0) {
    int round = 0;
    MPI_Recv(&round, 1, MPI_INT, status.MPI_SOURCE, question, channel_, MPI_STATUS_IGNORE);
    const std::array<int, 2> reply{round, static_cast<int>(mine)};
    MPI_Send(reply.data(), 2, MPI_INT, status.MPI_SOURCE, answer, channel_);
  }
}

void RollCall::look_for_processes(double waited) {
  std::vector<int> dead;
  for (std::size_t i = 0; i < others_.size(); ++i) {
    if (others_[i].here && ::kill(others_[i].process, 0) != 0 && errno == ESRCH) {
      dead.push_back(static_cast<int>(i));
    }
  }
  if (dead.empty()) return;
  if (died_at_ < 0) died_at_ = waited;
  if (leaves_it_to_the_first(dead) && waited < died_at_ + seconds_for_the_first_to_say) return;
  report(dead, "has died");
}

void RollCall::check_answers(double waited) {
  if (asked_at_ < 0) {
    if (waited < quiet_since_ + timeout_) return;
    asked_at_ = waited;
    ask();
  }
  take_answers();
  if (waited < asked_at_ + seconds_to_answer()) return;
  const std::vector<int> missing = ranks_that(Answer::none);
  if (leaves_it_to_the_first(missing) &&
      waited < asked_at_ + seconds_to_answer() + seconds_for_the_first_to_say) {
    return;
  }
  if (!missing.empty()) {
    report(missing,
           fmt::format("has not answered for {} (training.rank_timeout)", format_duration(timeout_)));
  }
  if (ranks_that(Answer::computing).empty()) {
    throw Error(
        "all ranks have waited for each other for {}: a message was lost; check the network, "
        "and continue with --resume",
        format_duration(timeout_));
  }
  asked_at_ = -1;
  quiet_since_ = waited;
}

void RollCall::ask() {
  answers_.assign(others_.size(), Answer::none);
  answers_[static_cast<std::size_t>(rank_)] = Answer::waiting;
  ++round_;
  for (std::size_t i = 0; i < others_.size(); ++i) {
    if (static_cast<int>(i) == rank_) continue;
    MPI_Send(&round_, 1, MPI_INT, static_cast<int>(i), question, channel_);
  }
}

void RollCall::take_answers() {
  int found = 0;
  MPI_Status status;
  while (MPI_Iprobe(MPI_ANY_SOURCE, answer, channel_, &found, &status) == MPI_SUCCESS && found != 0) {
    std::array<int, 2> reply{};
    MPI_Recv(reply.data(), 2, MPI_INT, status.MPI_SOURCE, answer, channel_, MPI_STATUS_IGNORE);
    // An answer to an earlier question may come late, from a rank that has died since.
    if (reply[0] == round_)
      answers_[static_cast<std::size_t>(status.MPI_SOURCE)] = static_cast<Answer>(reply[1]);
  }
}

std::vector<int> RollCall::ranks_that(Answer given) const {
  std::vector<int> ranks;
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (answers_[i] == given) ranks.push_back(static_cast<int>(i));
  }
  return ranks;
}

void RollCall::report(const std::vector<int>& missing, const std::string& what) const {
  std::vector<std::string> names;
  for (const int rank : missing) {
    const Other& other = others_[static_cast<std::size_t>(rank)];
    names.push_back(fmt::format("rank {} (process {} on {})", rank, other.process, other.host));
  }
  throw Error("{} {}: the run ends here; continue from its last checkpoint with --resume",
              fmt::join(names, ", "), what);
}

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(const Launch& launch);
  ~MpiCommunicator() override = default;

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void sum(std::span<double> values) override;
  std::unique_ptr<PendingSum> start_sum(std::span<float> values) override;
  void broadcast(std::span<std::byte> bytes) override;
  std::vector<std::string> gather(const std::string& text) override;
  void set_timeout(double seconds) override { roll_call_->set_timeout(seconds); }
  void stay_in_touch() override { roll_call_->answer_questions(RollCall::Answer::computing); }
  void abort(ExitCode code) override;
  void finish() override;

  void wait(MPI_Request& request) const;

 private:
  int rank_ = 0, ranks_ = 1;
  MPI_Comm data_ = MPI_COMM_NULL, channel_ = MPI_COMM_NULL;
  std::unique_ptr<RollCall> roll_call_;
};

class MpiSum final : public PendingSum {
 public:
  MpiSum(const MpiCommunicator& communicator, MPI_Request request)
      : communicator_(communicator), request_(request) {}

  bool done() override {
    int ended = 0;
    MPI_Test(&request_, &ended, MPI_STATUS_IGNORE);
    return ended != 0;
  }
  void wait() override { communicator_.wait(request_); }

 private:
  const MpiCommunicator& communicator_;
  MPI_Request request_;
};

// By default Open MPI sums in place along a tree, which sends all bytes log2(ranks) times in one direction
// and as often in the other. Rabenseifner's halving and doubling sends (ranks - 1) / ranks of them twice, in
// as many steps. A choice that the user has made in the environment takes precedence.
void choose_algorithm() {
  ::setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "rabenseifner", 0);
}

int count_of(std::size_t size) {
  if (size > INT_MAX) throw Error("MPI cannot take {} values at once", size);
  return static_cast<int>(size);
}

MpiCommunicator::MpiCommunicator(const Launch& launch) {
  choose_algorithm();
  int provided = 0;
  // OpenMP threads compute, but only the main thread calls MPI.
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
  if (ranks_ != launch.ranks) {
    throw UsageError(
        "{} started {} processes, but MPI sees {}: start them with the mpirun of the MPI that "
        "revnet was built with, or with srun --mpi=pmix",
        launch.launcher, launch.ranks, ranks_);
  }
  MPI_Comm_dup(MPI_COMM_WORLD, &data_);
  MPI_Comm_dup(MPI_COMM_WORLD, &channel_);
  roll_call_ = std::make_unique<RollCall>(channel_, rank_);
  roll_call_->introduce(gather(introduction()));
}

void MpiCommunicator::wait(MPI_Request& request) const {
  roll_call_->begin_wait();
  const Stopwatch waited;
  double looked = 0;
  for (;;) {
    int ended = 0;
    MPI_Test(&request, &ended, MPI_STATUS_IGNORE);
    if (ended != 0) return;
    const double seconds = waited.seconds();
    if (seconds >= looked + seconds_between_looks) {
      looked = seconds;
      roll_call_->look(seconds);
    }
    std::this_thread::yield();
  }
}

void MpiCommunicator::sum(std::span<double> values) {
  // Halving needs at least one value per rank; with fewer, Open MPI falls back to an algorithm that takes as
  // many steps as there are ranks.
  std::vector<double> padded;
  std::span<double> all = values;
  if (values.size() < static_cast<std::size_t>(ranks_)) {
    padded.assign(static_cast<std::size_t>(ranks_), 0);
    std::ranges::copy(values, padded.begin());
    all = padded;
  }
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(MPI_IN_PLACE, all.data(), count_of(all.size()), MPI_DOUBLE, MPI_SUM, data_, &request);
  wait(request);
  if (!padded.empty()) std::copy_n(padded.begin(), values.size(), values.begin());
}

std::unique_ptr<PendingSum> MpiCommunicator::start_sum(std::span<float> values) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(MPI_IN_PLACE, values.data(), count_of(values.size()), MPI_FLOAT, MPI_SUM, data_, &request);
  return std::make_unique<MpiSum>(*this, request);
}

void MpiCommunicator::broadcast(std::span<std::byte> bytes) {
  // MPI counts bytes with an int, and the filters of a wide network may have more than that.
  constexpr std::size_t most = std::size_t{1} << 20;
  while (!bytes.empty()) {
    const std::span<std::byte> part = bytes.first(std::min(bytes.size(), most));
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(part.data(), count_of(part.size()), MPI_BYTE, 0, data_, &request);
    wait(request);
    bytes = bytes.subspan(part.size());
  }
}

std::vector<std::string> MpiCommunicator::gather(const std::string& text) {
  const auto many = static_cast<std::size_t>(ranks_);
  const int mine = count_of(text.size());
  std::vector<int> sizes(many), offsets(many);
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallgather(&mine, 1, MPI_INT, sizes.data(), 1, MPI_INT, data_, &request);
  wait(request);
  std::size_t total = 0;
  for (std::size_t i = 0; i < many; ++i) {
    offsets[i] = count_of(total);
    total += static_cast<std::size_t>(sizes[i]);
  }
  std::string all(total, '\0');
  MPI_Iallgatherv(text.data(), mine, MPI_CHAR, all.data(), sizes.data(), offsets.data(), MPI_CHAR, data_,
                  &request);
  wait(request);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < many; ++i) {
    texts.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(sizes[i])));
  }
  return texts;
}

void MpiCommunicator::abort(ExitCode code) {
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  ::_exit(static_cast<int>(code));
}

void MpiCommunicator::finish() {
  MPI_Finalize();
}

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(const Launch& launch) {
  return std::make_unique<MpiCommunicator>(launch);
}

}  // namespace revnet

#endif  // REVNET_WITH_MPI
