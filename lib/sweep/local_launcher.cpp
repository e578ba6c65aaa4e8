#include "sweep/launcher.h"

namespace revnet {
namespace {

class LocalLauncher : public Launcher {
 public:
  explicit LocalLauncher(SweepOptions options) : options_(std::move(options)) {}

  std::string plan(const std::vector<Job>& jobs, const Say& say) const override {
    return plan_text(jobs, options_, say);
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
