#include "fuzz/hdf5_target.h"

#include <cstdio>

#include <hdf5.h>

#include "files.h"
#include "net/network.h"
#include "record/checkpoint.h"
#include "record/run_log.h"
#include "settings/config.h"
#include "study/study_log.h"
#include "train/network_state.h"
#include "train/setup.h"

namespace revnet::fuzz {
namespace {

struct Bench {
  explicit Bench(const char* architecture) : network(device, find_architecture(architecture), options()) {
    network.initialize(1);
  }
  static NetworkOptions options() {
    NetworkOptions options;
    options.batch = 1;
    options.image_size = 8;
    return options;
  }
  Device device{1, std::size_t{256} << 20};
  Network network;
};

Checkpoint state_of(const char* architecture) {
  Bench bench(architecture);
  Checkpoint checkpoint;
  checkpoint.iteration = 40;
  checkpoint.progress = {{"cross_entropy", 1.5}, {"images", 300}};
  Config config;
  config.network.architecture = architecture;
  checkpoint.config = to_yaml(resolve(config));
  checkpoint.parameters = export_values(bench.network);
  checkpoint.momentum = export_momentum(bench.network);
  checkpoint.running = export_running(bench.network);
  return checkpoint;
}

Checkpoint few_numbers() {
  Checkpoint checkpoint;
  checkpoint.iteration = 1;
  checkpoint.progress = {{"images", 100}};
  checkpoint.config = "training:\n  batch: 100\n";
  checkpoint.parameters = {{"stem/conv/weight", {2, 1, 1, 2}, {1, -2, 3, -4}}, {"head/dense/bias", {1}, {7}}};
  checkpoint.momentum = {{"stem/conv/weight", {2, 1, 1, 2}, {0, 0, 1, 2}}};
  checkpoint.running = {{"stem/bn", {1, 2}, {3, 4}}};
  return checkpoint;
}

RunLog run_log(const std::filesystem::path& file, int rows) {
  RunInfo info;
  info.command = "revnet-train synthetic --arch revnet38";
  info.version = "0.1.0";
  info.host = "host";
  info.cpu = "a processor";
  info.onednn_version = "2.6.3";
  info.threads = 2;
  info.seed = 1;
  info.config = rows == 1 ? "training: {batch: 8}\n" : to_yaml(Config{});
  info.extra = {{"convolution", "auto"}, {"ranks", "1"}};
  RunLog log = RunLog::create(file, info);
  for (int row = 1; row <= rows; ++row) {
    log.append(TrainRow{10 * row, 2.3 / row, 90.0 - row, 0.1, 1.5 * row});
    if (row % 10 == 1) log.append(EvalRow{10 * row, 2.2 / row, 90.0 - row});
  }
  log.set_bytes({{"peak", 1000}, {"saved_activations", 500}});
  if (rows > 1) log.set_all_reduce({{"seconds", 0.5}});
  return log;
}

// Opening a file for writing makes HDF5 cut off its checksums, which would reject damage before HDF5 reads
// it.
Bytes bytes_of(const std::filesystem::path& file, Checksums checksums) {
  if (checksums == Checksums::removed) H5Fclose(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  const std::string text = testing::read_file(file);
  return {text.begin(), text.end()};
}

// Requires that the reader has closed every identifier that it opened.
void check_closed() {
  constexpr unsigned kinds = H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_ATTR;
  const ssize_t open = H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), kinds);
  if (open != 0) std::fprintf(stderr, "%zd objects are open\n", open);
  require(open == 0, "all HDF5 objects are closed");
}

void check_arrays(const std::vector<NamedArray>& arrays) {
  for (const NamedArray& array : arrays) {
    std::int64_t count = 1;
    for (const std::int64_t size : array.shape) count *= size;
    require(count == static_cast<std::int64_t>(array.values.size()), "an array fills its shape");
  }
}

}  // namespace

void fuzz_checkpoint(Input input) {
  static Bench bench("resnet32");
  const InputFile file(input, InputFile::Where::disk);
  Checkpoint checkpoint;
  if (succeeds([&] { checkpoint = read_checkpoint(file.path()); })) {
    check_arrays(checkpoint.parameters);
    check_arrays(checkpoint.momentum);
    Config config;
    succeeds([&] { read_config_text(config, checkpoint.config, "checkpoint"); });
    succeeds([&] { import_state(bench.network, checkpoint, "checkpoint"); });
  }
  check_closed();
}

void fuzz_run_log(Input input) {
  const InputFile file(input, InputFile::Where::disk);
  if (succeeds([&] {
        const RunLog log = RunLog::open(file.path());
        for (std::size_t i = 1; i < log.train().size(); ++i) {
          require(log.train()[i].iteration > log.train()[i - 1].iteration, "iterations ascend");
        }
        Config config;
        succeeds([&] { read_config_text(config, log.info().config, "run log"); });
        log.median_images_per_second(config.training.batch);
      })) {
  }
  check_closed();
}

void fuzz_study_log(Input input) {
  const InputFile file(input, InputFile::Where::disk);
  succeeds([&] {
    const StudyLog log = read_study_log(file.path(), "gradient angle", {"every", "batches"}, "angle");
    require(log.attributes.size() == 2, "every attribute is read");
    if (log.series.empty() || !log.series.has_columns_of({{"degrees", 0}, {"stage1/degrees", 0}})) return;
    require(log.series.column("stage1/degrees").size() == log.series.iterations().size(),
            "columns have a value for every row");
  });
  check_closed();
}

std::vector<Bytes> checkpoint_seeds(Checksums checksums) {
  const testing::TemporaryDirectory folder;
  std::vector<Bytes> seeds;
  for (const Checkpoint& checkpoint : {few_numbers(), state_of("resnet32"), state_of("revnet38")}) {
    write_checkpoint(folder / "checkpoint.h5", checkpoint);
    seeds.push_back(bytes_of(folder / "checkpoint.h5", checksums));
  }
  return seeds;
}

std::vector<Bytes> run_log_seeds(Checksums checksums) {
  const testing::TemporaryDirectory folder;
  std::vector<Bytes> seeds;
  for (const int rows : {1, 40}) {
    run_log(folder / "run.h5", rows).save();
    seeds.push_back(bytes_of(folder / "run.h5", checksums));
  }
  return seeds;
}

std::vector<Bytes> study_log_seeds(Checksums checksums) {
  const testing::TemporaryDirectory folder;
  std::vector<Bytes> seeds;
  for (const int rows : {1, 40}) {
    Series series;
    for (int row = 1; row <= rows; ++row)
      series.append(50 * row, {{"degrees", 0.1 * row}, {"stage1/degrees", 0.2}});
    hdf5::Writer log =
        start_study_log(folder / "angle.h5", "gradient angle", "revnet-compare gradient angle");
    log.attribute("/", "every", std::int64_t{50});
    log.attribute("/", "batches", std::int64_t{1});
    series.write(log, "angle");
    log.save();
    seeds.push_back(bytes_of(folder / "angle.h5", checksums));
  }
  return seeds;
}

}  // namespace revnet::fuzz
