#include <fmt/format.h>

#include "base/text.h"
#include "sweep/launcher.h"

namespace revnet {
namespace {

class LocalLauncher : public Launcher {
 public:
  explicit LocalLauncher(SweepOptions options) : options_(std::move(options)) {}

  std::string plan(const std::vector<Job>& jobs, const Say& /*say*/) const override {
    return fmt::format("{}{} jobs in {}, {} at a time, {} of memory; times are rough estimates\n",
                       plan_table(jobs, options_).format(TableFormat::text), jobs.size(),
                       options_.directory.string(), options_.jobs,
                       format_bytes(memory_for_jobs(options_).left));
  }

  SweepSummary run(const std::vector<Job>& jobs, const Say& say) const override {
    return run_sweep(jobs, options_, say);
  }

 private:
  SweepOptions options_;
};

}  // namespace

std::unique_ptr<Launcher> local_launcher(SweepOptions options) {
  return std::make_unique<LocalLauncher>(std::move(options));
}

}  // namespace revnet
