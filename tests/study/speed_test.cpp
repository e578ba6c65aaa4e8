#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "record/hdf5.h"
#include "study/speed_report.h"
#include "study/study_log.h"
#include "train/setup.h"

namespace revnet {
namespace {

using Activations = Config::Network::Activations;

Config small_case(const char* architecture, Activations activations) {
  Config config;
  config.network.architecture = architecture;
  config.network.activations = activations;
  config.training.batch = 2;
  config.training.threads = 1;
  return config;
}

// A small and fast study: two steps of two images.
SpeedStudy small_study() {
  SpeedStudy study;
  study.options.steps = 2;
  study.options.profile = true;
  int calls = 0;
  for (const auto mode : {Activations::stored, Activations::reconstructed}) {
    const Config config = resolve(for_measuring(small_case("revnet38", mode)));
    study.results.push_back(measure_speed(config, study.options, [&] {
      ++calls;
      return false;
    }));
    study.results.back().sgemm_gflops = 100;
    study.results.back().peak = {.multiply_adds = 1e11, .bytes = 1e10};
  }
  CHECK(calls >= 4);
  return study;
}

TEST_CASE("a speed study stops when asked, and times a case's own convolutions and images") {
  SpeedOptions options;
  options.steps = 1000;
  int calls = 0;
  Config direct = small_case("resnet32", Activations::stored);
  direct.network.convolution = Config::Network::Convolution::direct;
  direct.dataset.image_size = 16;
  direct.dataset.classes = 3;
  const SpeedResult result =
      measure_speed(resolve(for_measuring(direct)), options, [&] { return ++calls > 3; });
  CHECK(result.step_seconds.size() == 3);
  CHECK(result.of.network.convolution == Config::Network::Convolution::direct);
  CHECK(result.floor_seconds_out_of_cache > 0);
  CHECK(result.of.dataset.image_size == 16);
  CHECK(result.of.dataset.classes == 3);
  for (const auto& [cost, times] : result.profile.costs()) CHECK(cost.multiply_adds == cost.flops / 2);
}

TEST_CASE("a speed study measures, prints and writes") {
  const SpeedStudy study = small_study();
  for (const SpeedResult& result : study.results) {
    CHECK(result.step_seconds.size() == 2);
    CHECK(result.floor_seconds > 0);
    CHECK(result.floor_seconds_out_of_cache > 0);
    // A profiled step has one batch, one update and all convolutions.
    const auto& rows = result.profile.rows();
    CHECK(rows.at({Operation::input, 0}).calls == result.profiled_steps);
    CHECK(rows.at({Operation::optimizer, 0}).calls == result.profiled_steps);
    CHECK(rows.at({Operation::convolution_gradients, 32}).calls == 13 * result.profiled_steps);
    CHECK(rows.contains({Operation::convolution_weight_gradient, 32}));  // of the stem
    for (const auto& [cost, calls] : result.profile.costs()) {
      if (cost.operation == Operation::convolution_gradients && cost.height == 32) {
        CHECK(cost.multiply_adds <= cost.flops / 2);  // less with Winograd
      }
    }
  }
  CHECK(study.results[1].flops > study.results[0].flops);
  CHECK(study.results[1].saved_bytes < study.results[0].saved_bytes);

  const std::string csv = speed_table(study).format(TableFormat::csv);
  CHECK(csv.find("\nrevnet38,stored,fused,2,1,") != std::string::npos);
  CHECK(csv.find("\nrevnet38,reconstructed,fused,2,1,") != std::string::npos);
  CHECK(profile_table(study.results[0]).format(TableFormat::text).find("convolution weight gradient") !=
        std::string::npos);

  const testing::TemporaryDirectory folder;
  const std::filesystem::path file = folder / "speed.h5";
  write_speed_log(file, study, "the command");
  const hdf5::Reader reader(file);
  CHECK(reader.text_attribute("/", "study") == "speed");
  CHECK(reader.text_attribute("/", "command") == "the command");
  CHECK(reader.text_attribute("2", "activations") == "reconstructed");
  CHECK(reader.doubles("1/step_seconds") == study.results[0].step_seconds);
  CHECK(reader.double_attribute("1", "floor_seconds") == study.results[0].floor_seconds);
  CHECK(reader.integers("1/floor/count").size() == study.results[0].floor.size());
  CHECK(reader.doubles("2/profile/seconds").size() == study.results[1].profile.rows().size());
  double limit = 0;
  for (const double seconds : reader.doubles("2/profile/limit_seconds")) limit += seconds;
  CHECK(limit == doctest::Approx(reader.double_attribute("2", "limit_seconds")));
}

TEST_CASE("a table of speeds has in each column what its heading says") {
  SpeedStudy study;
  for (const auto mode : {Activations::stored, Activations::reconstructed}) {
    SpeedResult result;
    result.of = small_case("revnet38", mode);
    result.of.training.batch = 50;
    const bool stored = mode == Activations::stored;
    result.step_seconds = {stored ? 0.1 : 0.125};
    result.floor_seconds = 0.05;
    result.floor_seconds_out_of_cache = 0.08;
    result.flops = 5e9;
    result.saved_bytes = 7'000'000;
    result.peak_bytes = 9'000'000;
    result.profiled_steps = 2;
    result.sgemm_gflops = 100;
    result.peak = {.multiply_adds = 1e11, .bytes = 1e10};
    study.results.push_back(result);
  }
  const std::string table = speed_table(study).format(TableFormat::csv);
  CAPTURE(table);
  CHECK(testing::contains(table,
                          ",50,1,100.0,100.0 to 100.0,500,50.0,2.00,80.0,0.0,0 %,,50,50 %,7.0 MB,9.0 MB\n"));
  CHECK(testing::contains(table,
                          ",125.0,125.0 to 125.0,400,50.0,2.50,80.0,0.0,0 %,1.25,40,40 %,7.0 MB,9.0 MB\n"));
}

}  // namespace
}  // namespace revnet
