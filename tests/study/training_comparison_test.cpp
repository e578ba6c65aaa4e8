#include "study/training_comparison.h"

#include <fstream>

#include <doctest/doctest.h>

#include "base/error.h"
#include "train/support.h"

namespace revnet {
namespace {

TEST_CASE("two trainings from one seed are put side by side") {
  const TemporaryDirectory folder;
  Config config = small_config();
  config.training.iterations = 3;
  config.log.every = 1;
  config.evaluation.every = 0;
  const TrainingComparison comparison =
      run_training_comparison(config, folder / "run", RunStart::fresh, "test");
  CHECK(comparison.status == RunStatus::complete);
  REQUIRE(comparison.train.iterations() == std::vector<std::int64_t>{1, 2, 3});
  CHECK(comparison.eval.iterations() == std::vector<std::int64_t>{3});
  // One seed means the same weights and batch, so the first losses are equal bit for bit.
  CHECK(comparison.train.column("difference/cross_entropy")[0] == 0);
  CHECK(comparison.train.column("difference/cross_entropy")[2] ==
        comparison.train.column("reconstructed/cross_entropy")[2] -
            comparison.train.column("stored/cross_entropy")[2]);
  CHECK(comparison.train.column("stored/cross_entropy")[0] > 0);
  const hdf5::Reader log(folder / "run/training.h5");
  CHECK(Series::read(log, "train").column("reconstructed/cross_entropy") ==
        comparison.train.column("reconstructed/cross_entropy"));

  // Resuming a complete study computes nothing again.
  const auto when = std::filesystem::last_write_time(folder / "run/stored/run.h5");
  CHECK(run_training_comparison(config, folder / "run", RunStart::resume, "test").status ==
        RunStatus::complete);
  CHECK(std::filesystem::last_write_time(folder / "run/stored/run.h5") == when);
}

TEST_CASE("rows that are put side by side are means over the same iterations") {
  const TemporaryDirectory folder;
  Config config = small_config();
  config.training.iterations = 4;
  config.log.every = 2;
  config.evaluation.every = 0;
  const TrainingComparison even = run_training_comparison(config, folder / "run", RunStart::fresh, "test");
  Config odd = config;
  odd.log.every = 1;
  odd.network.activations = Config::Network::Activations::reconstructed;
  run_training(resolve(odd), folder / "run/reconstructed", RunStart::overwrite, "test");
  const TrainingComparison mixed = run_training_comparison(config, folder / "run", RunStart::resume, "test");
  CHECK(mixed.train.iterations() == std::vector<std::int64_t>{2, 4});
  CHECK(mixed.train.column("stored/cross_entropy") == even.train.column("stored/cross_entropy"));
  for (const char* column : {"reconstructed/cross_entropy", "reconstructed/error_percent"}) {
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(mixed.train.column(column)[i] == doctest::Approx(even.train.column(column)[i]).epsilon(1e-6));
    }
  }
}

TEST_CASE("what is replaced leaves nothing beside a first run that ends early") {
  const TemporaryDirectory folder;
  Config config = small_config();
  config.training.iterations = 2;
  run_training_comparison(config, folder / "run", RunStart::fresh, "test");
  config.training.learning_rate = 1e30;  // the first run diverges
  CHECK_THROWS_AS(run_training_comparison(config, folder / "run", RunStart::overwrite, "test"),
                  DivergedError);
  CHECK(std::filesystem::exists(folder / "run/stored/run.h5"));
  CHECK_FALSE(std::filesystem::exists(folder / "run/reconstructed/run.h5"));
  CHECK_FALSE(std::filesystem::exists(folder / "run/training.h5"));
}

TEST_CASE("a second run that would be refused is refused before the first one trains") {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder / "run/reconstructed");
  std::ofstream(folder / "run/reconstructed/run.h5") << "another run";
  CHECK_THROWS_AS(run_training_comparison(small_config(), folder / "run", RunStart::fresh, "test"),
                  UsageError);
  CHECK_FALSE(std::filesystem::exists(folder / "run/stored"));
}

TEST_CASE("a ResNet has no second way to train") {
  const TemporaryDirectory folder;
  Config config = small_config();
  config.network.architecture = "resnet32";
  CHECK_THROWS_AS(run_training_comparison(config, folder / "run", RunStart::fresh, "test"), UsageError);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace
}  // namespace revnet
