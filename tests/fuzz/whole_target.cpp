#include "fuzz/whole_target.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/crc32.h"
#include "data/cifar.h"
#include "data/jpeg_set.h"
#include "files.h"
#include "fuzz/hdf5_target.h"
#include "record/checkpoint.h"
#include "record/checksums.h"
#include "record/packed_images.h"
#include "record/run_log.h"
#include "run/earlier_run.h"
#include "study/study_log.h"
#include "train/load_data.h"
#include "train/setup.h"

namespace revnet::fuzz {
namespace {

using Path = std::filesystem::path;

std::span<const std::byte> as_bytes(Input input) {
  return std::as_bytes(input);
}

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

// Each kind of file: its name in a folder, the whole file, and what its reader makes of it, to be compared.

struct CheckpointFile {
  static constexpr const char* name = "checkpoint.h5";
  static Bytes whole() { return checkpoint_seeds(Checksums::kept).back(); }
  static auto read(const Path& file) {
    const Checkpoint read = read_checkpoint(file);
    return std::tuple(read.iteration, read.progress, read.config, read.parameters, read.momentum,
                      read.average, read.running);
  }
};

struct RunLogFile {
  static constexpr const char* name = "run.h5";
  static Bytes whole() { return run_log_seeds(Checksums::kept).back(); }
  static auto read(const Path& file) {
    const RunLog log = RunLog::open(file);
    const RunInfo& info = log.info();
    return std::tuple(log.train(), log.eval(), log.eval_average(), log.status(), info.command, info.config,
                      info.threads, info.seed, info.extra);
  }
};

struct StudyLogFile {
  static constexpr const char* name = "angle.h5";
  static Bytes whole() { return study_log_seeds(Checksums::kept).back(); }
  static auto read(const Path& file) {
    const StudyLog log = read_study_log(file, "gradient angle", {"every", "batches"}, "angle");
    return std::tuple(log.attributes, log.series.iterations(), log.series.column("degrees"),
                      log.series.column("stage1/degrees"));
  }
};

struct PackedFile {
  static constexpr const char* name = "set.h5";
  static Bytes whole() {
    const testing::TemporaryDirectory folder;
    PackedImageWriter writer(folder / name, {"cat", "dog"});
    for (const std::string set : {"train", "val"}) {
      constexpr int images = 8, bytes = 600;
      writer.begin(set, images * bytes);
      for (int i = 0; i < images; ++i) {
        const Bytes image(bytes, static_cast<std::uint8_t>(37 * i + 1));
        writer.add(fmt::format("{}/{}.jpg", i < 4 ? "cat" : "dog", i), i / 4, crc32(as_bytes(image)), image);
      }
    }
    writer.save();
    return bytes_of(testing::read_file(folder / name));
  }
  static auto read(const Path& file) {
    const JpegSplits splits = open_photographs(file, DamagedImages::refuse);
    std::vector<std::tuple<std::string, std::int32_t, Bytes>> images;
    for (const JpegSet* set : {&splits.train, &splits.val}) {
      for (std::size_t i = 0; i < set->size(); ++i) {
        Bytes bytes;
        set->read(i, bytes);
        images.emplace_back(set->image(i).name, set->image(i).label, bytes);
      }
    }
    return std::tuple(splits.classes, images);
  }
};

struct CifarFile {
  static constexpr const char* name = "data_batch_1.bin";
  static constexpr std::size_t records = 4;
  static Bytes whole() {
    Random random(1, 1);
    Bytes file(records * cifar10_format.record_bytes());
    for (std::uint8_t& byte : file) byte = static_cast<std::uint8_t>(random.below(10));
    return file;
  }
  static auto read(const Path& file) {
    static const std::string listed = fmt::format("{:08x} {}\n", crc32(as_bytes(whole())), name);
    testing::write_file(file.parent_path() / "crc32", listed);
    const Dataset set = read_cifar_file(file, cifar10_format, records);
    return std::tuple(set.images, set.labels);
  }
};

struct ConfigFile {
  static constexpr const char* name = "config.yaml";
  static Bytes whole() { return bytes_of(with_checksum(to_yaml(resolve(Config{})))); }
  static auto read(const Path& file) { return settings_of_run(file.parent_path()); }
};

template <class File>
auto read_input(Input input) {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / File::name, text_of(input));
  return File::read(folder / File::name);
}

// Made once, since HDF5 writes the time into its files.
template <class File>
const Bytes& whole_of() {
  static const Bytes whole = File::whole();
  return whole;
}

template <class File>
void run(Input input) {
  const Bytes& whole = whole_of<File>();
  static const auto written = read_input<File>(whole);
  const bool changed = !std::ranges::equal(input, whole);
  if (succeeds([&] { require(read_input<File>(input) == written, "a change was accepted"); })) {
    tally().harmless += changed;
  } else {
    require(changed, "a whole file is refused");
    ++tally().refused;
  }
}

template <class File>
std::vector<Bytes> seeds() {
  return {whole_of<File>()};
}

}  // namespace

const std::vector<WholeTarget> whole_targets{{"whole_checkpoint", run<CheckpointFile>, seeds<CheckpointFile>},
                                             {"whole_run_log", run<RunLogFile>, seeds<RunLogFile>},
                                             {"whole_study_log", run<StudyLogFile>, seeds<StudyLogFile>},
                                             {"whole_packed", run<PackedFile>, seeds<PackedFile>},
                                             {"whole_cifar", run<CifarFile>, seeds<CifarFile>},
                                             {"whole_config", run<ConfigFile>, seeds<ConfigFile>}};

}  // namespace revnet::fuzz
