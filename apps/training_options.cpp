#include "training_options.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

#include "base/error.h"
#include "base/text.h"
#include "base/version.h"
#include "command_description.h"
#include "option_values.h"

namespace revnet {

CLI::Option* TrainingOptions::setting(CLI::App& app, const std::string& option, const std::string& key,
                                      const std::string& type, const std::string& help) {
  const auto take = [this, option, key](const std::string& value) { given_.push_back({key, value, option}); };
  return app.add_option_function<std::string>(option, take, help)
      ->type_name(type)
      ->default_str(default_of_setting(key))
      ->check(choices_of_setting(key));
}

TrainingOptions::TrainingOptions(CLI::App& app) {
  setting(app, "--arch", "network.architecture", "NAME",
          "resnet32, revnet38, resnet110, revnet110, resnet164 or revnet164")
      ->group("Network");
  setting(app, "--activations", "network.activations", "MODE",
          "stored: keep all for the backward pass; reconstructed: recompute them from each block's output "
          "(RevNets); checkpointed: keep every sqrt(L)-th; recursive: keep the first; "
          "auto: reconstructed for RevNets, stored for ResNets")
      ->group("Network");
  setting(app, "--convolution", "network.convolution", "POLICY",
          "auto: Winograd where it wins, by a rule on the shape; direct: never Winograd")
      ->group("Network");
  setting(app, "--engine", "network.engine", "ENGINE",
          "fused: kernels of our own; onednn: oneDNN's operations; auto: fused, unless convolutions are "
          "direct")
      ->group("Network");

  setting(app, "--iterations", "training.iterations", "N",
          "training steps; the learning rate falls at 1/2 and 3/4 of them")
      ->group("Training");
  setting(app, "--batch", "training.batch", "N", "images a step, under mpirun of all ranks together")
      ->group("Training");
  setting(app, "--seed", "training.seed", "N",
          "of initial weights, shuffling, augmentation and the synthetic set")
      ->group("Training");
  setting(app, "--threads", "training.threads", "N",
          "0: all cores this process may use, under mpirun those given to the rank; also $REVNET_THREADS")
      ->group("Training");

  setting(
      app, "--batch-norm", "batch_norm.statistics", "SCOPE",
      "under mpirun: each rank normalises with the statistics of its own share of the batch (local) or of "
      "the whole batch, as one process does (synchronized)")
      ->group("Training");

  setting(app, "--data-dir", "dataset.directory", "DIR",
          "holds cifar-10-batches-bin and cifar-100-binary; also $REVNET_DATA")
      ->group("Data");
  app.add_flag_function(
         "--validation",
         [this](std::int64_t) {
           given_.push_back({"dataset.validation", "true", "--validation"});
         },
         "hold out 5,000 training images and evaluate on them instead of the test set")
      ->group("Data");

  setting(app, "--eval-every", "evaluation.every", "N", "iterations between evaluations; 0: only at the end")
      ->group("Logging and checkpoints");
  setting(app, "--log-every", "log.every", "N", "iterations between rows of /train in run.h5")
      ->group("Logging and checkpoints");
  setting(app, "--checkpoint-every", "checkpoint.every", "N",
          "iterations between checkpoints; 0: only at the end")
      ->group("Logging and checkpoints");
  app.add_flag_callback(
         "--keep-checkpoints",
         [this] {
           given_.push_back({"checkpoint.keep", "true", "--keep-checkpoints"});
         },
         "keep all of them, as RUN/checkpoints/ITERATION.h5, not just the last")
      ->group("Logging and checkpoints");

  app.add_option("--config", config_file_, "experiment file: any setting, as YAML")
      ->type_name("FILE")
      ->group("Settings");
  app.add_option("--set", assignments_, "any single setting, such as training.momentum=0.8; may be repeated")
      ->type_name("KEY=VALUE")
      ->check(choices_of_assignments())
      ->take_all()
      ->allow_extra_args(false)
      ->group("Settings");
}

Config TrainingOptions::apply_to(Config config) const {
  if (!config_file_.empty()) read_config_file(config, config_file_);
  apply_environment(config, [](const char* name) { return std::getenv(name); });
  for (const std::string& assignment : assignments_) apply(config, assignment, "--set");
  for (const Given& given : given_) set_value(config, given.key, given.value, given.option);
  return config;
}

int parse(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", app.get_name() + " " + version());
  app.get_formatter()->column_width(34);
  if (argc > 1 && std::string_view(argv[1]) == "--describe") {
    return guarded(app.get_name(), [&] {
      if (argc != 3) throw UsageError("--describe takes one of " + join(description_formats()));
      std::cout << described(app, argv[2]) << std::flush;
      return static_cast<int>(ExitCode::done);
    });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << error.what() << " (see --help)\n";
    return static_cast<int>(ExitCode::usage);
  }
  return -1;
}

namespace {

// A full disk shows only when the last results leave the buffers.
bool results_are_written() {
  std::cout.flush();
  return std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace

int guarded(const std::string& program, const std::function<int()>& body) {
  try {
    const int code = body();
    if (results_are_written()) return code;
    std::cerr << program << ": cannot write to the standard output; check where it leads\n";
    return code == static_cast<int>(ExitCode::done) ? static_cast<int>(ExitCode::failed) : code;
  } catch (const Error& error) {
    std::cerr << program << ": " << error.what() << '\n';
    return static_cast<int>(error.exit_code());
  } catch (const std::bad_alloc&) {
    std::cerr << program << ": out of memory: use a smaller --batch\n";
  } catch (const std::exception& error) {
    std::cerr << program << ": internal error: " << error.what() << '\n';
  }
  return static_cast<int>(ExitCode::failed);
}

std::string command_line(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i > 0 ? " " : "") + std::string(argv[i]);
  return line;
}

}  // namespace revnet
