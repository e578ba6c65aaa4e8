// Whole runs in their directory: started, refused, resumed, replaced, diverged.
#include "run/training_run.h"

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include <doctest/doctest.h>

#include "record/checkpoint.h"
#include "record/hdf5.h"
#include "run/resumption.h"
#include "run/small_runs.h"

namespace revnet {
namespace {

using testing::read_file;

// The content of every file in a run directory.
std::map<std::string, std::string> bytes_in(const std::filesystem::path& directory) {
  std::map<std::string, std::string> bytes;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    bytes[entry.path().filename().string()] = read_file(entry.path());
  }
  return bytes;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Compares everything but the seconds.
bool same_rows(const RunLog& a, const RunLog& b) {
  const auto same = [](const TrainRow& x, const TrainRow& y) {
    return x.iteration == y.iteration && x.cross_entropy == y.cross_entropy &&
           x.error_percent == y.error_percent && x.learning_rate == y.learning_rate;
  };
  return std::ranges::equal(a.train(), b.train(), same) && a.eval() == b.eval();
}

void check_complete_log(const RunLog& log, const Config& config) {
  CHECK(log.status() == RunStatus::complete);
  REQUIRE(log.train().size() == 2);
  CHECK(log.train()[0].iteration == 2);
  CHECK(log.train()[1].iteration == 4);
  CHECK(log.train()[0].learning_rate == doctest::Approx(0.1));
  CHECK(log.train()[1].learning_rate == doctest::Approx(0.001));  // of the row's last iteration
  CHECK(log.train()[0].cross_entropy > 0.0);
  CHECK(log.train()[0].seconds > 0.0);
  REQUIRE(log.eval().size() == 1);
  CHECK(log.eval()[0].iteration == 4);
  CHECK(log.eval()[0].error_percent > 0.0);
  CHECK(log.info().command == "test");
  CHECK(log.info().seed == config.training.seed);
  CHECK(log.info().threads == 1);
  CHECK(log.info().config == to_yaml(config));
  CHECK(log.info().extra.at("activations") == "reconstructed");
  CHECK(log.info().onednn_version == onednn_version());
  CHECK(log.info().extra.at("onednn_winograd") == onednn_winograd());
  CHECK(log.bytes().at("saved_activations") > 0);
}

// The state after two iterations, as an interrupted run leaves it.
void write_middle_checkpoint(const Config& config, const std::filesystem::path& file) {
  Trainer trainer = trainer_of(config, load_data(config));
  trainer.step();
  trainer.step();
  Checkpoint checkpoint = trainer.checkpoint();
  checkpoint.config = to_yaml(config);
  checkpoint.progress = {{"window_cross_entropy", 0.0}, {"window_errors", 0.0},
                         {"window_images", 0.0},        {"seconds", 100.0},
                         {"step_seconds", 60.0},        {"step_images", 8.0}};
  write_checkpoint(file, checkpoint);
}

TEST_CASE("a run is logged, resumed and repeated bit for bit") {
  const TemporaryDirectory folder;
  const Config config = run_config();
  const std::filesystem::path directory = finished_run(folder);
  const RunFiles files(directory);
  CHECK(settings_of_run(directory) == config);
  const RunLog log = RunLog::open(files.run_log());
  check_complete_log(log, config);
  const Checkpoint end = read_checkpoint(files.checkpoint());
  CHECK(end.iteration == 4);
  CHECK(end.config == to_yaml(config));

  CHECK(log.info().learning_rate == 0.1);
  CHECK(log.info().batch == 4);
  CHECK(log.info().extra.at("started").size() == std::string("2026-01-31T12:34:56Z").size());
  CHECK(contains(read_file(files.messages()),
                 "span about 100 iterations but have seen only 4, so this evaluation"));
  const std::string metrics = read_file(files.metrics());
  CHECK(lines_of(metrics).size() == 1 + log.train().size() + log.eval().size());
  CHECK(lines_of(metrics)[3].starts_with("4,test,"));

  // Resuming a complete run changes none of its files.
  const auto before = bytes_in(directory);
  CHECK(before.size() == 7);
  const RunSummary again = run_training(config, directory, RunStart::resume, "again");
  CHECK(again.was_complete);
  CHECK(again.status == RunStatus::complete);
  CHECK(again.iterations == 4);
  CHECK(again.evaluation == log.eval().back());
  CHECK(bytes_in(directory) == before);

  // Resuming from the middle drops the later rows and computes them again, to the same bits.
  write_middle_checkpoint(config, files.checkpoint());
  run_training(config, directory, RunStart::resume, "test");
  CHECK(same_rows(RunLog::open(files.run_log()), log));
  CHECK(RunLog::open(files.run_log()).train().back().seconds > 100.0);
  CHECK(hdf5::Reader(files.run_log()).double_attribute("time", "step_seconds") > 60.0);
  CHECK(hdf5::Reader(files.run_log()).double_attribute("time", "step_images") == 16.0);
  CHECK(same_state(read_checkpoint(files.checkpoint()), end));
  CHECK(contains(read_file(files.messages()), "resuming after iteration 2"));
  const std::vector<std::string> lines = lines_of(read_file(files.metrics())), whole = lines_of(metrics);
  REQUIRE(lines.size() == whole.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {  // all but the seconds
    CHECK(lines[i].substr(0, lines[i].rfind(',')) == whole[i].substr(0, whole[i].rfind(',')));
  }
}

TEST_CASE("steps that a resumed run repeats are not counted twice as beyond the range") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.network.coupling = Config::Network::Coupling::exact;
  config.network.grid_bits = 20;      // exact up to 16
  config.training.learning_rate = 1;  // makes sums larger than that
  config.checkpoint.keep = true;
  run_training(config, folder / "run", RunStart::fresh, "test");
  const RunFiles files(folder / "run");
  const double beyond = RunLog::open(files.run_log()).exact_coupling().at("beyond_range");
  CHECK(beyond > 0);
  // As a kill leaves it: the log is ahead of the checkpoint.
  std::filesystem::copy_file(files.kept_checkpoint(2), files.checkpoint(),
                             std::filesystem::copy_options::overwrite_existing);
  run_training(config, folder / "run", RunStart::resume, "test");
  CHECK(RunLog::open(files.run_log()).exact_coupling().at("beyond_range") == beyond);
}

TEST_CASE("the summary of a complete run is the one it ended with") {
  TemporaryDirectory folder;
  Config config = small_config();
  config.training.average_decay = 0.9;
  const RunSummary ended = run_training(config, folder / "run", RunStart::fresh, "test");
  const RunSummary again = run_training(config, folder / "run", RunStart::resume, "test");
  CHECK(again.was_complete);
  CHECK(ended.images_per_second > 0);
  CHECK(again.images_per_second == ended.images_per_second);
  CHECK(again.evaluation_average.iteration == config.training.iterations);
  CHECK(again.evaluation_average.error_percent == ended.evaluation_average.error_percent);
}

TEST_CASE("checkpoint.seconds triggers checkpoints") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.checkpoint.every = 0;
  config.checkpoint.seconds = 1e-9;
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test", ending_after(2)), Error);
  CHECK(read_checkpoint(RunFiles(folder / "run").checkpoint()).iteration == 2);
}

TEST_CASE("resuming starts a run in an empty directory and in one left by a kill in the first second") {
  const TemporaryDirectory folder;
  const RunFiles files(folder / "run");
  CHECK_THROWS_AS(run_training(run_config(), files.directory(), RunStart::resume, "test", ending_after(0)),
                  Error);
  CHECK(settings_of_run(files.directory()) == run_config());
  CHECK(contains(read_file(files.messages()), "nothing to resume in " + files.directory().string()));
  CHECK(read_checkpoint(files.checkpoint()).iteration == 0);
  for (const auto& file : {files.config(), files.run_log(), files.checkpoint()}) {
    std::filesystem::remove(file);
  }
  CHECK_THROWS_AS(run_training(run_config(), files.directory(), RunStart::resume, "test", ending_after(0)),
                  Error);
  CHECK(read_checkpoint(files.checkpoint()).iteration == 0);
}

TEST_CASE("an extended run ends with the bits of one that was longer from the beginning") {
  const TemporaryDirectory folder;
  const std::filesystem::path directory = finished_run(folder);
  const RunFiles files(directory);
  const Config longer = settings_to_resume(directory, [](Config config) {
    config.training.iterations = 6;
    return config;
  });
  CHECK(longer.training.decay_at == std::vector<double>{2.0 / 6, 0.5});
  CHECK(run_training(longer, directory, RunStart::resume, "longer").status == RunStatus::complete);
  const RunLog log = RunLog::open(files.run_log());
  REQUIRE(log.train().size() == 3);
  CHECK(log.train().back().iteration == 6);
  CHECK(log.train().back().learning_rate == doctest::Approx(0.001));
  CHECK(contains(log.info().extra.at(changed_on_resume), "training.iterations 4 -> 6 after iteration 4"));
  CHECK(settings_of_run(directory) == longer);

  Trainer whole = trainer_of(longer, load_data(longer));
  for (int i = 0; i < 6; ++i) whole.step();
  write_checkpoint(folder / "whole.h5", whole.checkpoint());
  CHECK(same_state(read_checkpoint(files.checkpoint()), read_checkpoint(folder / "whole.h5")));

  // The best checkpoint has the lowest error of both processes.
  REQUIRE(log.eval().size() == 2);
  const auto best = std::ranges::min_element(log.eval(), {}, &EvalRow::error_percent);
  CHECK(read_checkpoint(files.best_checkpoint()).iteration == best->iteration);
}

// The error of one image is 0 or 100 %; that of all 2,000 is neither.
TEST_CASE("the best checkpoint is chosen by evaluations of the same images") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.network.units = {1, 1, 2};
  config.training.iterations = 2;
  config.evaluation.every = 1;
  config.evaluation.images = 1;
  const RunFiles files(folder / "run");
  run_training(config, files.directory(), RunStart::fresh, "test");
  const std::vector<EvalRow> rows = RunLog::open(files.run_log()).eval();
  REQUIRE(rows.size() == 2);
  REQUIRE(rows[0].error_percent == 100);  // or any other evaluation could not be better
  CHECK(rows[1].error_percent < 100);
  const Checkpoint best = read_checkpoint(files.best_checkpoint());
  const double error = best.progress.at("evaluation_error_percent");
  CHECK((error == 100 || error == 0));
  CHECK(best.iteration == (error == 100 ? 1 : 2));

  config.training.iterations = 3;
  config.training.decay_at = {};
  config.evaluation.images = 2;
  run_training(config, files.directory(), RunStart::resume, "test");
  CHECK(contains(read_file(files.messages()), "was the best with evaluation.images 1, which is 2 now"));
  CHECK(read_checkpoint(files.best_checkpoint()).iteration == 3);
}

TEST_CASE("resuming refuses settings that change the result and warns of others") {
  const TemporaryDirectory folder;
  const Config config = run_config();
  const std::filesystem::path directory = finished_run(folder);
  const RunFiles files(directory);
  const Checkpoint end = read_checkpoint(files.checkpoint());
  Config changed = config;
  changed.training.learning_rate = 0.2;
  const std::string refusal =
      message_of<UsageError>([&] { run_training(changed, directory, RunStart::resume, "test"); });
  CHECK(contains(refusal, "training.learning_rate is 0.1 in this run, not 0.2"));
  CHECK(same_state(read_checkpoint(files.checkpoint()), end));
  CHECK(RunLog::open(files.run_log()).status() == RunStatus::complete);
  CHECK(settings_of_run(directory) == config);

  write_middle_checkpoint(config, files.checkpoint());
  changed = config;
  changed.training.threads = 2;
  changed.log.every = 3;
  CHECK_THROWS_AS(run_training(changed, directory, RunStart::resume, "test", ending_after(0)), Error);
  CHECK(contains(read_file(files.messages()), "resuming with threads 2 instead of 1"));
  CHECK(contains(read_file(files.messages()), "resuming with log.every 3 instead of 2"));
}

TEST_CASE("a run is replaced only on request") {
  const TemporaryDirectory folder;
  Config config = run_config();
  const std::filesystem::path directory = finished_run(folder);
  const RunFiles files(directory);
  config.training.seed = 9;
  CHECK_THROWS_AS(run_training(config, directory, RunStart::fresh, "second"), UsageError);
  CHECK(RunLog::open(files.run_log()).info().command == "test");

  CHECK_THROWS_AS(run_training(config, directory, RunStart::overwrite, "second", ending_after(0)), Error);
  const RunLog log = RunLog::open(files.run_log());
  CHECK(log.info().command == "second");
  CHECK(log.info().seed == 9);
  CHECK(log.train().empty());
  CHECK(log.eval().empty());
  CHECK_FALSE(std::filesystem::exists(files.best_checkpoint()));
}

// Resumes after two of four iterations with `mean` as running mean in head/bn; returns the error message.
std::string diverged_with_running_mean(const std::filesystem::path& directory, float mean) {
  const Config config = run_config();
  const RunFiles files(directory);
  write_middle_checkpoint(config, files.checkpoint());
  Checkpoint checkpoint = read_checkpoint(files.checkpoint());
  for (RunningAverage& average : checkpoint.running) {
    if (average.name == "head/bn") std::ranges::fill(average.mean, mean);
  }
  write_checkpoint(files.checkpoint(), checkpoint);
  std::string message =
      message_of<DivergedError>([&] { run_training(config, directory, RunStart::resume, "test"); });
  CHECK(RunLog::open(files.run_log()).status() == RunStatus::diverged);
  CHECK(RunLog::open(files.run_log()).eval().empty());
  return message;
}

TEST_CASE("a state or an evaluation that is not finite ends the run and replaces no checkpoint") {
  const TemporaryDirectory folder;
  const std::filesystem::path directory = finished_run(folder);
  const RunFiles files(directory);
  CHECK(contains(diverged_with_running_mean(directory, std::numeric_limits<float>::infinity()),
                 "diverged: /running/head/bn is not finite after iteration 4"));
  CHECK(read_checkpoint(files.checkpoint()).iteration == 2);
  CHECK(contains(diverged_with_running_mean(directory, -3e38F),
                 "diverged: the evaluation after iteration 4 is not finite"));
}

TEST_CASE("an impossible run is refused before its directory is created") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.dataset.name = Config::Dataset::Name::cifar10;
  config.dataset.directory = (folder / "nowhere").string();
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test"), DataError);
  config.network.architecture = "revnet39";
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test"), UsageError);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("micro-batches stand in a run's files and its plan") {
  const TemporaryDirectory folder;
  Config config = run_config();
  config.training.batch = 8;
  config.training.micro_batch = 2;
  CHECK_THROWS_AS(run_training(config, folder / "run", RunStart::fresh, "test", ending_after(0)), Error);
  CHECK(settings_of_run(folder / "run").training.micro_batch == 2);
  CHECK(RunLog::open(folder / "run/run.h5").info().extra.at("micro_batch") == "2");
  config.training.micro_batch = 4;
  CHECK(contains(message_of<UsageError>([&] { check_start(config, folder / "run", RunStart::resume); }),
                 "training.micro_batch is 2 in this run, not 4"));
}

}  // namespace
}  // namespace revnet
