#include "base/text.h"
#include "sweep/launcher.h"

namespace revnet {
namespace {

class LocalLauncher : public Launcher {
 public:
  explicit LocalLauncher(SweepOptions options) : options_(std::move(options)) {}

  std::string plan(const std::vector<Job>& jobs, const Say& /*say*/) const override {
    return plan_table(jobs, options_).format(TableFormat::text) + std::to_string(jobs.size()) + " jobs in " +
           options_.directory.string() + ", " + std::to_string(options_.jobs) + " at a time, " +
           format_bytes(memory_for_jobs(options_).left) + " of memory; times are rough estimates\n";
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
