// Communication between the ranks of a training: its processes, numbered from 0.
//
// Every call but rank(), is_first(), ranks(), shard(), set_timeout(), stay_in_touch() and abort() is
// collective: all ranks make the same calls in the same order. A rank that waits checks on the others, and
// throws an Error that names those which have died or have not answered within the time-out.
//
// Ownership: buffers belong to the caller and must stay valid until a pending sum has completed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/reduction.h"

namespace revnet {

// A sum over all ranks that is in progress.
class PendingSum {
 public:
  virtual ~PendingSum() = default;
  // Returns whether the sum is complete. Calling done() or wait() on any sum advances all of them.
  virtual bool done() = 0;
  virtual void wait() = 0;
};

// One rank's part of a range: [first, first + size).
struct Shard {
  std::int64_t first = 0, size = 0;
};

// The size of the largest shard of [0, count) among so many ranks.
std::int64_t largest_shard(std::int64_t count, std::int64_t ranks);

class Communicator : public Reduction {
 public:
  virtual int rank() const = 0;
  virtual int ranks() const = 0;
  bool is_first() const { return rank() == 0; }
  // Divides [0, count) among the ranks; the sizes of two shards differ by one at most.
  Shard shard(std::int64_t count) const;

  void sum(std::span<double> values) override = 0;
  virtual std::unique_ptr<PendingSum> start_sum(std::span<float> values) = 0;
  // Overwrites the bytes on every rank with those of rank 0.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  // Returns the text of every rank, indexed by rank.
  virtual std::vector<std::string> gather(const std::string& text) = 0;
  // Sets how long to wait for a rank that does not answer; 0 waits forever.
  virtual void set_timeout(double seconds) = 0;
  // Tells ranks that wait for this one, and ask, that it is alive. For work between collective calls that may
  // take minutes longer than on other ranks.
  virtual void stay_in_touch() {}
  // Ends all ranks at once, because this one cannot continue.
  [[noreturn]] virtual void abort(ExitCode code) = 0;
  // Shuts communication down. Every process calls it before it exits, unless it has failed.
  virtual void finish() = 0;

  // Returns whether `here` is true on any rank.
  bool any(bool here);
  // Returns rank 0's value of `here`.
  double of_first(double here);
  // Runs a body that may fail on some ranks only. If an Error or bad_alloc leaves it anywhere, all ranks
  // throw an AgreedError that names the failure; a process on its own throws the original exception. Any
  // other exception is a fault of the program: its rank throws it, and has to abort() the rest.
  void together(const std::function<void()>& body);
};

// A failure that every rank knows of, so that none is left waiting for another.
class AgreedError : public Error {
 public:
  AgreedError(const std::string& message, ExitCode code) : Error(message), code_(code) {}
  ExitCode exit_code() const override { return code_; }

 private:
  ExitCode code_;
};

// The rank that a launcher assigned to this process.
struct Launch {
  int rank = 0, ranks = 1;
  std::string launcher;  // "mpirun", "srun"
};
// Reads the launcher's environment variables; returns nothing if no launcher started the process.
std::optional<Launch> find_launch(const std::function<const char*(const char*)>& environment);
// Reads the environment of this process.
std::optional<Launch> find_launch();

// A single rank, which has no state: every sum leaves its values unchanged.
Communicator& single_process();
// Connects all ranks that a launcher started, over MPI; without a launcher, returns a single process. Throws
// an Error if this build has no MPI or MPI sees other ranks than the launcher started.
std::unique_ptr<Communicator> make_communicator();
// Throws UsageError if a launcher started several processes of a command that runs as one.
void require_one_process(const std::string& command);

}  // namespace revnet
