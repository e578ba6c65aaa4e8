#include "train/crew.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/host.h"
#include "base/text.h"

namespace revnet {
namespace {

std::string count_of(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// The ranks of one host.
struct Host {
  std::vector<std::string> hands;
  std::set<int> cores;  // of all of them
  int threads = 0, cores_of_host = 1;
};

void warn_of(const std::string& name, const Host& host, std::vector<std::string>& warnings) {
  const auto given = host.cores.size();
  if (host.threads > static_cast<int>(given)) {
    warnings.push_back(name + ": " + count_of(static_cast<std::size_t>(host.threads), "thread") + " on " +
                       count_of(given, "core") +
                       " will wait for each other; use --threads, fewer ranks, or mpirun --map-by slot:PE=N");
  } else if (host.threads < host.cores_of_host) {
    warnings.push_back(name + ": " + count_of(static_cast<std::size_t>(host.threads), "thread") + " for " +
                       count_of(static_cast<std::size_t>(host.cores_of_host), "core") +
                       "; mpirun gives a rank one core, --map-by slot:PE=N gives it N");
  }
}

}  // namespace

std::string format_cores(const std::vector<int>& cores) {
  std::string text;
  for (std::size_t first = 0, last = 0; first < cores.size(); first = last + 1) {
    last = first;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(cores[first]);
    if (last > first) text += "-" + std::to_string(cores[last]);
  }
  return text;
}

CrewReport describe_crew(const std::vector<Hand>& crew) {
  CrewReport report;
  if (crew.size() < 2) return report;
  std::map<std::string, Host> hosts;
  for (std::size_t rank = 0; rank < crew.size(); ++rank) {
    const Hand& hand = crew[rank];
    Host& host = hosts[hand.host];
    host.hands.push_back("rank " + std::to_string(rank) + " with " +
                         count_of(static_cast<std::size_t>(hand.threads), "thread") + " on core" +
                         (hand.cores.size() == 1 ? " " : "s ") + format_cores(hand.cores));
    host.cores.insert(hand.cores.begin(), hand.cores.end());
    host.threads += hand.threads;
    host.cores_of_host = hand.cores_of_host;
  }
  for (const auto& [name, host] : hosts) {
    report.lines.push_back(name + ": " + join(host.hands));
    warn_of(name, host, report.warnings);
  }
  return report;
}

std::vector<Hand> gather_crew(Communicator& communicator, int threads) {
  std::ostringstream mine;
  mine << host_name() << ' ' << threads << ' ' << cores_of_host();
  for (const int core : usable_cores()) mine << ' ' << core;
  std::vector<Hand> crew;
  for (const std::string& text : communicator.gather(mine.str())) {
    std::istringstream words(text);
    Hand hand;
    words >> hand.host >> hand.threads >> hand.cores_of_host;
    for (int core = 0; words >> core;) hand.cores.push_back(core);
    crew.push_back(std::move(hand));
  }
  return crew;
}

}  // namespace revnet
