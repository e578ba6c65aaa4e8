#include "run_options.h"

#include <optional>
#include <utility>

#include "ranks/communicator.h"
#include "run/earlier_run.h"
#include "train/setup.h"

namespace revnet {

RunOptions::RunOptions(CLI::App& app, const std::string& what, const std::string& default_directory) {
  app.add_option("--run-dir", directory_, "directory of the " + what)
      ->type_name("DIR")
      ->default_str(default_directory)
      ->group("Run");
  auto* resume =
      app.add_flag("--resume", resume_, "resume the " + what + " in --run-dir, or start it")->group("Run");
  app.add_flag("--force", force_, "replace an existing " + what)->excludes(resume)->group("Run");
}

RunStart RunOptions::start() const {
  return resume_ ? RunStart::resume : force_ ? RunStart::overwrite : RunStart::fresh;
}

Config RunOptions::settings(const std::filesystem::path& run,
                            const std::function<Config(Config)>& given) const {
  if (!resume_ || !has_begun(run)) return resolve(given({}));
  return settings_to_resume(run, [&](Config config) {
    // The launcher determines the threads of a rank anew each time.
    const std::optional<Launch> launch = find_launch();
    if (launch && launch->ranks > 1) config.training.threads = 0;
    return given(std::move(config));
  });
}

}  // namespace revnet
