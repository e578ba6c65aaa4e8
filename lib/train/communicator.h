// What the processes of one training say to each other: its ranks, counted from 0.
//
// Every call but rank(), ranks() and shard() is collective: all ranks make the same calls in the same order.
// A rank that waits for others looks for them: Error, naming the ranks, when one has died or none of its
// answers comes for longer than the time-out.
//
// Ownership: buffers are the caller's, and stay where they are until a sum under way has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "layers/reduction.h"

namespace revnet {

// A sum over all ranks under way.
class PendingSum {
 public:
  virtual ~PendingSum() = default;
  // Whether it has ended. Sums make progress in calls of this kind, of whichever sum, and in waits.
  virtual bool done() = 0;
  virtual void wait() = 0;
};

// What falls to one rank of `count` things: [first, first + size).
struct Shard {
  std::int64_t first = 0, size = 0;
};

class Communicator : public Reduction {
 public:
  virtual int rank() const = 0;
  virtual int ranks() const = 0;
  bool is_first() const { return rank() == 0; }
  // Shards differ by one at most.
  Shard shard(std::int64_t count) const;

  void sum(std::span<double> values) override = 0;
  virtual std::unique_ptr<PendingSum> start_sum(std::span<float> values) = 0;
  // The first rank's bytes become everybody's.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  // The text of every rank, by rank.
  virtual std::vector<std::string> gather(const std::string& text) = 0;
  // How long to wait for a rank that does not answer; 0: for ever.
  virtual void set_timeout(double seconds) = 0;
  // Ends all ranks at once, because this one cannot go on.
  [[noreturn]] virtual void abort(ExitCode code) = 0;
  // Before a process ends that has not failed.
  virtual void finish() = 0;

  // Whether any rank says so.
  bool any(bool here);
  // What the first rank has here.
  double of_first(double here);
  // Runs what may fail on some ranks only. When it did, everywhere an AgreedError tells it; of one rank alone
  // whatever it threw.
  void together(const std::function<void()>& body);
};

// The failure of a rank, known to all: nobody waits for anybody.
class AgreedError : public Error {
 public:
  AgreedError(const std::string& message, ExitCode code) : Error(message), code_(code) {}
  ExitCode exit_code() const override { return code_; }

 private:
  ExitCode code_;
};

// As the launcher tells in the environment.
struct Launch {
  int rank = 0, ranks = 1;
  std::string launcher;  // "mpirun", "srun"
};
// None where a process was started by itself.
std::optional<Launch> find_launch(const std::function<const char*(const char*)>& environment);
// The same of this process.
std::optional<Launch> find_launch();

// The process alone: every sum is what it was.
std::unique_ptr<Communicator> make_single_process();
// All ranks that the launcher started, over MPI; a process alone where there was none. Error when this build
// has no MPI, or MPI does not see the launcher's ranks.
std::unique_ptr<Communicator> make_communicator();
// For what runs as one process: UsageError when a launcher started several.
void require_one_process(const std::string& command);

}  // namespace revnet
