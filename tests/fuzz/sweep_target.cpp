#include <cctype>
#include <set>

#include "fuzz/target.h"
#include "sweep/grid.h"
#include "sweep/slurm.h"

namespace revnet::fuzz {
namespace {

bool fit_for_a_directory(const std::string& name) {
  for (const char c : name) {
    const bool safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
    if (!safe) return false;
  }
  return !name.empty() && name.size() <= 255 && name != "." && name != "..";
}

void check_jobs(const std::vector<Job>& jobs) {
  require(!jobs.empty() && jobs.size() <= 1000, "a sweep has 1 to 1000 jobs");
  std::set<std::string> names;
  for (const Job& job : jobs) {
    require(fit_for_a_directory(job.name), "the name of a job can name a directory");
    require(names.insert(job.name).second, "jobs have different names");
  }
  // A job must read the settings written for it. One job is enough, for fuzz_config tries the rest.
  const Job& job = jobs.back();
  Config again;
  require(succeeds([&] { read_config_text(again, to_yaml(job.config), "written.yaml"); }),
          "the written settings of a job can be read");
  require(again == job.config, "the written settings of a job are read unchanged");
}

}  // namespace

void fuzz_sweep(Input input) {
  SweepFile sweep;
  if (!succeeds([&] { sweep = read_sweep_text(text_of(input), "fuzz.yaml"); })) return;
  Config alone;
  require(succeeds([&] { read_config_text(alone, text_of(input), "fuzz.yaml"); }),
          "the file of a sweep is also one of a single run");
  require(alone == sweep.base, "a sweep and a single run read the same settings");
  std::vector<Job> jobs;
  if (!succeeds([&] { jobs = expand(sweep); })) return;
  check_jobs(jobs);
  SlurmArray array{
      "/sweep", "/revnet-train", sweep.slurm, {{jobs[0].name, name(jobs[0].config.dataset.name)}}};
  require(batch_script(array).find('\0') == std::string::npos, "a batch script is text");
}

}  // namespace revnet::fuzz
