#include "ranks/rank_placement.h"

#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/text.h"
#include "system/host.h"

namespace revnet {
namespace {

std::string count_of(auto count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// The ranks of one host.
struct Host {
  std::vector<std::string> ranks;  // descriptions
  std::set<int> cores;             // of all ranks
  int threads = 0, cores_of_host = 1;
};

void warn_of_threads(const RankPlacement& alone, std::vector<std::string>& warnings) {
  if (alone.threads <= static_cast<int>(alone.cores.size())) return;
  warnings.push_back(fmt::format("{} on {} will wait for each other; use --threads {}",
                                 count_of(alone.threads, "thread"), count_of(alone.cores.size(), "core"),
                                 alone.cores.size()));
}

void warn_of(const std::string& name, const Host& host, std::vector<std::string>& warnings) {
  const auto given = host.cores.size();
  if (host.threads > static_cast<int>(given)) {
    warnings.push_back(fmt::format(
        "{}: {} on {} will wait for each other; use --threads, fewer ranks, or mpirun --map-by slot:PE=N",
        name, count_of(host.threads, "thread"), count_of(given, "core")));
  } else if (host.threads < host.cores_of_host) {
    warnings.push_back(
        fmt::format("{}: {} for {}; mpirun gives a rank one core, --map-by slot:PE=N gives it N", name,
                    count_of(host.threads, "thread"), count_of(host.cores_of_host, "core")));
  }
}

}  // namespace

std::string format_cores(const std::vector<int>& cores) {
  std::string text;
  for (std::size_t first = 0, last = 0; first < cores.size(); first = last + 1) {
    last = first;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += last > first ? fmt::format("{}-{}", cores[first], cores[last]) : fmt::to_string(cores[first]);
  }
  return text;
}

PlacementReport describe_placement(const std::vector<RankPlacement>& ranks) {
  PlacementReport report;
  if (ranks.size() < 2) {
    for (const RankPlacement& alone : ranks) warn_of_threads(alone, report.warnings);
    return report;
  }
  std::map<std::string, Host> hosts;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankPlacement& placement = ranks[rank];
    Host& host = hosts[placement.host];
    host.ranks.push_back(fmt::format("rank {} with {} on core{} {}", rank,
                                     count_of(placement.threads, "thread"),
                                     placement.cores.size() == 1 ? "" : "s", format_cores(placement.cores)));
    host.cores.insert(placement.cores.begin(), placement.cores.end());
    host.threads += placement.threads;
    host.cores_of_host = placement.cores_of_host;
  }
  for (const auto& [name, host] : hosts) {
    report.lines.push_back(fmt::format("{}: {}", name, fmt::join(host.ranks, ", ")));
    warn_of(name, host, report.warnings);
  }
  return report;
}

std::vector<RankPlacement> gather_placement(Communicator& communicator, int threads) {
  std::ostringstream mine;
  mine << host_name() << ' ' << threads << ' ' << cores_of_host();
  for (const int core : usable_cores()) mine << ' ' << core;
  std::vector<RankPlacement> ranks;
  for (const std::string& text : communicator.gather(mine.str())) {
    std::istringstream words(text);
    RankPlacement placement;
    words >> placement.host >> placement.threads >> placement.cores_of_host;
    for (int core = 0; words >> core;) placement.cores.push_back(core);
    ranks.push_back(std::move(placement));
  }
  return ranks;
}

}  // namespace revnet
