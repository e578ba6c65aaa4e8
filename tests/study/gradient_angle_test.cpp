#include "study/gradient_angle.h"

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "base/error.h"
#include "study/angle_study.h"
#include "study/study_log.h"
#include "train/network_state.h"
#include "train/support.h"

namespace revnet {
namespace {

using enum Config::Network::Engine;

Config angle_config(Config::Network::Engine engine) {
  Config config = small_config();
  config.network.engine = engine;
  return resolve(config);
}

Trainer angle_trainer(const Config& config) {
  const MemoryPlan plan = plan_memory(config, {ActivationMode::stored, ActivationMode::reconstructed});
  return Trainer(config, load_data(config, make_synthetic(config.training.seed, 200, 50)), plan.arena_bytes);
}

TEST_CASE("measuring the angle leaves the training untouched bit for bit") {
  for (const auto engine : {fused, onednn}) {
    const Config config = angle_config(engine);
    Trainer plain = small_trainer(config), measured = angle_trainer(config);
    AngleMeter meter(measured);
    for (int step = 0; step < 3; ++step) {
      measured.fetch_batch(step);  // any batch, even one that is not the next step's
      meter.measure();
      CHECK(plain.step().cross_entropy == measured.step().cross_entropy);
    }
    CHECK(same_state(plain.checkpoint(), measured.checkpoint()));
  }
}

TEST_CASE("the angle is small, and its smooth part is smaller than that of flips") {
  auto engine = automatic;
  SUBCASE("fused") {
    engine = fused;
  }
  SUBCASE("onednn") {
    engine = onednn;
  }
  Trainer trainer = angle_trainer(angle_config(engine));
  for (int step = 0; step < 2; ++step) trainer.step();
  trainer.fetch_batch(0);
  AngleMeter meter(trainer);
  const GradientAngle angle = meter.measure();
  CHECK(angle.all.degrees > 0);
  CHECK(angle.all.degrees < 5);
  CHECK(angle.all_forced.degrees > 0);
  CHECK(angle.all_forced.degrees < 0.01);
  std::int64_t relus = 0, flipped = 0;
  for (const auto& [stage, count] : angle.relus) {
    relus += count.relus;
    flipped += count.flipped;
  }
  // Each of a stage's 3 units has F and G with two ReLUs each, 12 in all. In stage 1 one is missing (the
  // network's first F has no leading norm); in stages 2 and 3 one works on the previous stage's size.
  const std::int64_t stage1 = 8 * (11 * 16 * 32 * 32);
  const std::int64_t stage2 = 8 * (11 * 32 * 16 * 16 + 16 * 32 * 32);
  const std::int64_t stage3 = 8 * (11 * 56 * 8 * 8 + 32 * 16 * 16);
  CHECK(angle.relus.at("stage1").relus == stage1);
  CHECK(angle.relus.at("stage2").relus == stage2);
  CHECK(angle.relus.at("stage3").relus == stage3);
  CHECK(relus == stage1 + stage2 + stage3);
  CHECK(flipped < relus / 1000);
  if (flipped == 0) CHECK(angle.all.degrees < 0.01);
  for (const char* stage : {"stage1", "stage2", "stage3"}) {
    CHECK(angle.reconstruction.at(stage).relative_l2 > 0);
    CHECK(angle.reconstruction.at(stage).relative_l2 < 1e-5);
  }
  CHECK(angle.units.size() == 3 * 3 + 2);
  CHECK(angle.stages.size() == 3 + 2);
  CHECK(angle.stages.at("head").degrees == 0);  // the backward pass begins there
}

// Scales the output of every recomputed normalisation by a little.
class Perturbation final : public NormObserver {
 public:
  explicit Perturbation(float by) : factor_(1 + by) {}
  void normalized(Norm&, Pass pass, const Tensor&, Tensor& dst, Tensor&) override {
    if (pass != Pass::recomputation) return;
    bool odd = false;
    for (float& value : dst.values()) {
      if (odd) value *= factor_;
      odd = !odd;
    }
  }
  void normalizing(Norm&, Pass pass, Tensor& src) override {
    if (pass != Pass::recomputation) return;
    bool odd = false;
    for (float& value : src.values()) {
      if (odd) value *= factor_;
      odd = !odd;
    }
  }

 private:
  float factor_;
};

TEST_CASE("a perturbed reconstruction shows up in the angle") {
  auto engine = automatic;
  SUBCASE("fused") {
    engine = fused;
  }
  SUBCASE("onednn") {
    engine = onednn;
  }
  Trainer trainer = angle_trainer(angle_config(engine));
  trainer.fetch_batch(0);
  Network& network = trainer.network();
  const auto gradient = [&](ActivationMode mode) {
    network.keep_activations(mode);
    network.compute_gradient(trainer.images(), trainer.labels());
    return export_gradients(network);
  };
  const Gradient stored = gradient(ActivationMode::stored);
  const auto angle_of = [&](float perturbation) {
    Perturbation observer(perturbation);
    network.observe_norms(&observer);
    const Gradient other = gradient(ActivationMode::reconstructed);
    network.observe_norms(nullptr);
    std::vector<std::span<const float>> a, b;
    for (const NamedArray& array : stored) a.emplace_back(array.values);
    for (const NamedArray& array : other) b.emplace_back(array.values);
    return distance(a, b).degrees;
  };
  const double faithful = angle_of(0), slightly = angle_of(1e-3f), much = angle_of(1e-1f);
  CHECK(slightly > 5 * faithful);
  CHECK(much > 5 * slightly);
}

TEST_CASE("a ResNet has no reconstructed gradient") {
  Config config = small_config();
  config.network.architecture = "resnet32";
  config.network.activations = Config::Network::Activations::stored;
  Trainer trainer = small_trainer(config);
  CHECK_THROWS_AS(AngleMeter{trainer}, UsageError);
}

std::vector<float> concatenated(const hdf5::Reader& file, const std::string& group) {
  std::vector<float> all;
  for (const auto& member : file.members(group)) {
    const std::string path = group + "/" + member.name;
    const std::vector<float> part = member.is_group ? concatenated(file, path) : file.floats(path).values;
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

TEST_CASE("the angle recomputed from the dump equals the one logged") {
  const TemporaryDirectory folder;
  Config config = angle_config(fused);
  config.evaluation.every = 0;
  AngleOptions options;
  options.every = 2;
  options.dump = folder / "dump.h5";
  std::vector<std::int64_t> reported;
  const RunSummary summary = run_angle_study(
      config, options, folder / "run", RunStart::fresh, "test",
      [&](std::int64_t iteration, const Series::Row&) { reported.push_back(iteration); }, single_process());
  CHECK(summary.status == RunStatus::complete);
  CHECK(reported == std::vector<std::int64_t>{0, 2, 4});  // 4: after the last step
  const hdf5::Reader log(folder / "run/angle.h5"), dump(folder / "dump.h5");
  const Series series = Series::read(log, "angle");
  CHECK(series.iterations() == reported);
  CHECK(dump.integer_attribute("/", "iteration") == 4);
  CHECK(dump.floats("batch/images").shape == std::vector<std::int64_t>{8, 3, 32, 32});
  CHECK(dump.integers("batch/labels").size() == 8);
  CHECK(dump.floats("parameters/stem/conv/weight").shape == std::vector<std::int64_t>{32, 3, 3, 3});

  // Uses another formula, in long double: the sine, from the part of b that is orthogonal to a.
  const std::vector<float> a = concatenated(dump, "gradients/stored"),
                           b = concatenated(dump, "gradients/reconstructed");
  CHECK(a.size() == 464890);
  REQUIRE(a.size() == b.size());
  long double aa = 0, ab = 0, rest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += static_cast<long double>(a[i]) * a[i];
    ab += static_cast<long double>(a[i]) * b[i];
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    const long double left = b[i] - ab / aa * a[i];
    rest += left * left;
  }
  const long double degrees =
      std::atan2(std::sqrt(rest), ab / std::sqrt(aa)) * 180 / std::numbers::pi_v<long double>;
  CHECK(series.column("degrees")[2] == doctest::Approx(static_cast<double>(degrees)).epsilon(1e-9));
}

TEST_CASE("checkpoints are measured without training") {
  const TemporaryDirectory folder;
  Config config = angle_config(fused);
  config.evaluation.every = 0;
  config.checkpoint.every = 2;
  config.checkpoint.keep = true;
  AngleOptions options;
  options.every = 2;
  std::vector<double> trained, walked;
  run_angle_study(
      config, options, folder / "run", RunStart::fresh, "test",
      [&](std::int64_t, const Series::Row& row) { trained.push_back(row.at("degrees")); }, single_process());
  const RunFiles files(folder / "run");
  CHECK(same_state(read_checkpoint(files.kept_checkpoint(config.training.iterations)),
                   read_checkpoint(files.checkpoint())));
  std::filesystem::create_directories(folder / "walk");
  const auto walk = [&](const std::vector<std::filesystem::path>& checkpoints) {
    run_angle_study_of_checkpoints(
        checkpoints, [](Config same) { return same; }, options, folder / "walk", "test",
        [&](std::int64_t iteration, const Series::Row& row) {
          CHECK(iteration == 2 * static_cast<std::int64_t>(walked.size()));
          walked.push_back(row.at("degrees"));
        });
  };
  walk({files.kept_checkpoints()});
  CHECK(walked == trained);
  CHECK(testing::contains(testing::message_of<UsageError>([&] {
                            walk({files.kept_checkpoint(2), files.kept_checkpoints()});
                          }),
                          "both of iteration 2"));
  CHECK(testing::contains(testing::message_of<UsageError>([&] { walk({folder.path()}); }),
                          "--keep-checkpoints"));

  // Several batches are averaged.
  options.batches = 2;
  std::filesystem::create_directories(folder / "two");
  Series::Row mean;
  run_angle_study_of_checkpoints(
      {files.kept_checkpoint(0)}, [](Config same) { return same; }, options, folder / "two", "test",
      [&](std::int64_t, const Series::Row& row) { mean = row; });
  Trainer fresh(config, load_data(config),
                plan_memory(config, {ActivationMode::stored, ActivationMode::reconstructed}).arena_bytes);
  AngleMeter meter(fresh);
  std::vector<GradientAngle> each;
  for (std::int64_t batch = 0; batch < 2; ++batch) {
    fresh.fetch_batch(batch);
    each.push_back(meter.measure());
  }
  CHECK(each[0].all.degrees != each[1].all.degrees);
  const auto check_column = [&](const char* column, const auto& value_in) {
    CAPTURE(column);
    CHECK(mean.at(column) == doctest::Approx((value_in(each[0]) + value_in(each[1])) / 2).epsilon(1e-12));
  };
  using Angle = const GradientAngle&;
  check_column("cross_entropy", [](Angle angle) { return angle.cross_entropy; });
  check_column("degrees", [](Angle angle) { return angle.all.degrees; });
  check_column("relative_l2", [](Angle angle) { return angle.all.relative_l2; });
  check_column("forced/degrees", [](Angle angle) { return angle.all_forced.degrees; });
  check_column("stage2/degrees", [](Angle angle) { return angle.stages.at("stage2").degrees; });
  check_column("forced/stage2/degrees", [](Angle angle) { return angle.stages_forced.at("stage2").degrees; });
  check_column("units/stage3/unit2/degrees",
               [](Angle angle) { return angle.units.at("stage3/unit2").degrees; });
  check_column("stage1/reconstruction/relative_l2",
               [](Angle angle) { return angle.reconstruction.at("stage1").relative_l2; });
  check_column("stage2/relus",
               [](Angle angle) { return static_cast<double>(angle.relus.at("stage2").relus); });
  check_column("stage2/flipped",
               [](Angle angle) { return static_cast<double>(angle.relus.at("stage2").flipped); });

  // Overwriting a run removes its kept checkpoints and nothing else.
  testing::write_file(files.kept_checkpoints() / "notes.txt", "mine");
  RunDirectory::take(files.directory(), RunStart::overwrite);
  CHECK_FALSE(std::filesystem::exists(files.kept_checkpoint(0)));
  CHECK(std::filesystem::exists(files.kept_checkpoints() / "notes.txt"));
}

TEST_CASE("each checkpoint is measured with its own settings") {
  const TemporaryDirectory folder;
  Config config = angle_config(fused);
  config.evaluation.every = 0;
  config.checkpoint.every = 2;
  config.checkpoint.keep = true;
  run_training(config, folder / "run", RunStart::fresh, "test");
  const RunFiles files(folder / "run");
  const auto with = [&](const char* name, std::string_view setting) {
    Checkpoint checkpoint = read_checkpoint(files.kept_checkpoint(2));
    Config changed = config;
    apply(changed, setting, "test");
    checkpoint.config = to_yaml(changed);
    write_checkpoint(folder / name, checkpoint);
    return folder / name;
  };
  const auto last_angle = [&](const std::vector<std::filesystem::path>& checkpoints) {
    double last = 0;
    const std::size_t measured = run_angle_study_of_checkpoints(
        checkpoints, [](Config same) { return same; }, {}, folder.path(), "test",
        [&](std::int64_t, const Series::Row& row) { last = row.at("degrees"); });
    CHECK(measured == checkpoints.size());
    return last;
  };
  const std::filesystem::path first = files.kept_checkpoint(0), other = with("seed.h5", "training.seed=9");
  CHECK(last_angle({first, other}) == last_angle({other}));
  CHECK(last_angle({other}) != last_angle({files.kept_checkpoint(2)}));
  CHECK(testing::message_of<UsageError>([&] {
          last_angle({first, with("exact.h5", "network.coupling=exact")});
        }) == "network.coupling is float in " + first.string() + ", but exact in " +
                  (folder / "exact.h5").string() + "; measure them in two run directories");
}

TEST_CASE("a study whose log has lost columns says so and stops") {
  const TemporaryDirectory folder;
  Config config = angle_config(fused);
  config.evaluation.every = 0;
  config.checkpoint.every = 2;
  AngleOptions options;
  options.every = 2;
  const auto run = [&](RunStart start) {
    run_angle_study(
        config, options, folder / "run", start, "test",
        [](std::int64_t iteration, const Series::Row&) {
          if (iteration == 2) throw std::runtime_error("stopped here");
        },
        single_process());
  };
  CHECK(testing::message_of<std::runtime_error>([&] { run(RunStart::fresh); }) == "stopped here");
  {
    Series series;
    series.append(0, {{"degrees", 1.5}});
    hdf5::Writer log = start_study_log(folder / "run/angle.h5", "gradient angle", "test");
    log.attribute("/", "every", *options.every);
    log.attribute("/", "batches", AngleOptions::default_batches);
    series.write(log, "angle");
    log.save();
  }
  CHECK(testing::message_of<FileError>([&] { run(RunStart::resume); }) ==
        (folder / "run/angle.h5").string() +
            " is damaged: /angle has other columns than this network's; restore it from a copy or make it "
            "anew");
}

}  // namespace
}  // namespace revnet
