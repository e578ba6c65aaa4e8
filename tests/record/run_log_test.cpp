#include "record/run_log.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stopwatch.h"
#include "record/checkpoint.h"
#include "support.h"
#include "system/file_error.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

RunInfo sample_info() {
  RunInfo info;
  info.command = "revnet-train synthetic --arch revnet38";
  info.version = "0.1.0";
  info.host = "host";
  info.cpu = "cpu";
  info.onednn_version = "2.6.3";
  info.threads = 2;
  info.seed = std::numeric_limits<std::uint64_t>::max();
  info.learning_rate = 0.1;
  info.momentum = 0.9;
  info.batch = 100;
  info.config = "dataset:\n  name: synthetic\n";
  info.extra = {{"convolution", "auto"}, {"activations", "reconstructed"}};
  return info;
}

RunLog sample_log(const std::filesystem::path& path) {
  RunLog log = RunLog::create(path, sample_info());
  log.append(TrainRow{10, 2.3, 90, 0.1, 1.5});
  log.append(TrainRow{20, 2.1, 80, 0.1, 3.0});
  log.append(TrainRow{30, 1.9, 70, 0.01, 4.5});
  log.append(EvalRow{15, 2.2, 85});
  log.append(EvalRow{30, 1.8, 75});
  log.append_average(EvalRow{30, 1.7, 72});
  log.set_bytes({{"saved_activations", 123456789012}, {"parameters", 4}});
  return log;
}

FileError::Kind failure(const std::filesystem::path& path) {
  try {
    RunLog::open(path);
  } catch (const FileError& error) {
    CHECK(is_one_line(error.what()));
    CHECK(contains(error.what(), path.string()));
    return error.kind();
  }
  FAIL("nothing was thrown");
  return FileError::Kind::io;
}

}  // namespace

TEST_CASE("run.h5 holds what the design says") {
  TemporaryDirectory folder;
  sample_log(folder / "run.h5").save();
  const RawFile raw(folder / "run.h5");
  CHECK(raw.attribute<std::int64_t>("/", "format_version", H5T_STD_I64LE) == 1);
  CHECK(raw.text_attribute("/", "status") == "running");
  CHECK(raw.text_attribute("/", "command") == "revnet-train synthetic --arch revnet38");
  CHECK(raw.text_attribute("/", "version") == "0.1.0");
  CHECK(raw.text_attribute("/", "host") == "host");
  CHECK(raw.text_attribute("/", "cpu") == "cpu");
  CHECK(raw.text_attribute("/", "onednn_version") == "2.6.3");
  CHECK(raw.text_attribute("/", "convolution") == "auto");
  CHECK(raw.text_attribute("/", "activations") == "reconstructed");
  CHECK(raw.attribute<std::int64_t>("/", "threads", H5T_STD_I64LE) == 2);
  CHECK(raw.attribute<std::uint64_t>("/", "seed", H5T_STD_U64LE) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(raw.attribute<double>("/", "learning_rate", H5T_IEEE_F64LE) == 0.1);
  CHECK(raw.attribute<double>("/", "momentum", H5T_IEEE_F64LE) == 0.9);
  CHECK(raw.attribute<std::int64_t>("/", "batch", H5T_STD_I64LE) == 100);
  CHECK(raw.attribute<std::int64_t>("/bytes", "saved_activations", H5T_STD_I64LE) == 123456789012);
  CHECK(raw.array<std::int64_t>("/train/iteration", H5T_STD_I64LE) == std::vector<std::int64_t>{10, 20, 30});
  CHECK(raw.array<double>("/train/cross_entropy", H5T_IEEE_F64LE) == std::vector<double>{2.3, 2.1, 1.9});
  CHECK(raw.array<double>("/train/error_percent", H5T_IEEE_F64LE) == std::vector<double>{90, 80, 70});
  CHECK(raw.array<double>("/train/learning_rate", H5T_IEEE_F64LE) == std::vector<double>{0.1, 0.1, 0.01});
  CHECK(raw.array<double>("/train/seconds", H5T_IEEE_F64LE) == std::vector<double>{1.5, 3.0, 4.5});
  CHECK(raw.array<std::int64_t>("/eval/iteration", H5T_STD_I64LE) == std::vector<std::int64_t>{15, 30});
  CHECK(raw.array<double>("/eval/cross_entropy", H5T_IEEE_F64LE) == std::vector<double>{2.2, 1.8});
  CHECK(raw.array<double>("/eval/error_percent", H5T_IEEE_F64LE) == std::vector<double>{85, 75});
  CHECK(raw.array<std::int64_t>("/eval_average/iteration", H5T_STD_I64LE) == std::vector<std::int64_t>{30});
  CHECK(raw.array<double>("/eval_average/error_percent", H5T_IEEE_F64LE) == std::vector<double>{72});
}

TEST_CASE("a log without rows is a whole log") {
  TemporaryDirectory folder;
  const RunLog log = RunLog::create(folder / "run.h5", {});
  CHECK_FALSE(std::filesystem::exists(folder / "run.h5"));
  log.save();
  const RunLog back = RunLog::open(folder / "run.h5");
  CHECK(back.train().empty());
  CHECK(back.eval().empty());
  CHECK(back.bytes().empty());
  CHECK(back.info().config.empty());
  CHECK(back.info().batch == 0);
  CHECK(back.eval_average().empty());
}

TEST_CASE("a reopened log has everything and goes on") {
  TemporaryDirectory folder;
  const RunLog first = sample_log(folder / "run.h5");
  first.save();
  RunLog log = RunLog::open(folder / "run.h5");
  CHECK(log.train() == first.train());
  CHECK(log.eval() == first.eval());
  CHECK(log.eval_average() == first.eval_average());
  CHECK(log.info().learning_rate == 0.1);
  CHECK(log.info().momentum == 0.9);
  CHECK(log.info().batch == 100);
  CHECK(log.bytes() == first.bytes());
  CHECK(log.info().command == sample_info().command);
  CHECK(log.info().config == sample_info().config);
  CHECK(log.info().extra == sample_info().extra);
  CHECK(log.info().seed == sample_info().seed);
  CHECK(log.info().threads == 2);
  log.append(TrainRow{40, std::numeric_limits<double>::quiet_NaN(), 60, 0.01, 6});
  RunInfo info = log.info();
  info.threads = 4;
  log.set_info(info);
  log.save();
  const RunLog again = RunLog::open(folder / "run.h5");
  REQUIRE(again.train().size() == 4);
  CHECK(std::isnan(again.train()[3].cross_entropy));
  CHECK(again.info().threads == 4);
}

TEST_CASE("the speed is that between evaluations, or that of all steps if there is one between all rows") {
  const TemporaryDirectory folder;
  RunLog log = RunLog::create(folder / "run.h5", sample_info());
  CHECK(log.median_images_per_second(100) == 0);
  log.append(TrainRow{10, 2.3, 90, 0.1, 1});
  log.append(EvalRow{10, 2.2, 85});
  log.append(TrainRow{20, 2.1, 80, 0.1, 11});
  CHECK(log.median_images_per_second(100) == 0);
  CHECK(log.seconds() == 11);
  log.set_time({{"run_seconds", 15}, {"step_seconds", 4}, {"step_images", 2000}});
  log.save();
  log = RunLog::open(folder / "run.h5");
  CHECK(log.median_images_per_second(100) == 500);
  CHECK(log.seconds() == 15);
  log.append(TrainRow{30, 2.1, 80, 0.1, 12});
  log.append(EvalRow{30, 2.2, 85});
  CHECK(log.median_images_per_second(100) == 1000);
}

TEST_CASE("every status survives") {
  TemporaryDirectory folder;
  RunLog log = RunLog::create(folder / "run.h5", sample_info());
  for (const RunStatus status :
       {RunStatus::complete, RunStatus::interrupted, RunStatus::diverged, RunStatus::running}) {
    log.set_status(status);
    log.save();
    CHECK(RunLog::open(folder / "run.h5").status() == status);
    CHECK(RawFile(folder / "run.h5").text_attribute("/", "status") == name(status));
  }
}

TEST_CASE("truncate_after drops the rows later than a checkpoint") {
  TemporaryDirectory folder;
  RunLog log = sample_log(folder / "run.h5");
  log.truncate_after(30);
  CHECK(log.train().size() == 3);
  CHECK(log.eval().size() == 2);
  log.truncate_after(20);
  CHECK(log.train().size() == 2);
  CHECK(log.train().back().iteration == 20);
  CHECK(log.eval().size() == 1);
  log.append(TrainRow{30, 0, 0, 0, 0});
  log.truncate_after(0);
  CHECK(log.train().empty());
  CHECK(log.eval().empty());
}

TEST_CASE("iterations must ascend in each table") {
  TemporaryDirectory folder;
  RunLog log = sample_log(folder / "run.h5");
  CHECK_THROWS_AS(log.append(TrainRow{30, 0, 0, 0, 0}), Error);
  CHECK_THROWS_AS(log.append(EvalRow{29, 0, 0}), Error);
  CHECK(log.train().size() == 3);
  CHECK(log.eval().size() == 2);
}

TEST_CASE("extra attributes cannot take the names of the format") {
  for (const std::string name : {"status", "seed", "threads", "format_version", "command", ""}) {
    RunInfo info;
    info.extra.emplace(name, "x");
    CHECK_THROWS_AS(RunLog::create("run.h5", info), Error);
  }
}

TEST_CASE("a stale temporary file is harmless and none is left") {
  TemporaryDirectory folder;
  write_file(folder / "run.h5.tmp", "half a file of a killed process");
  const RunLog log = sample_log(folder / "run.h5");
  log.save();
  CHECK(RunLog::open(folder / "run.h5").train().size() == 3);
  CHECK_FALSE(std::filesystem::exists(folder / "run.h5.tmp"));
}

TEST_CASE("a failing save leaves the old file whole") {
  TemporaryDirectory folder;
  RunLog log = sample_log(folder / "run.h5");
  log.save();
  std::filesystem::create_directory(folder / "run.h5.tmp");
  log.append(TrainRow{40, 0, 0, 0, 0});
  CHECK(contains(message_of<FileError>([&] { log.save(); }), (folder / "run.h5.tmp").string()));
  CHECK(RunLog::open(folder / "run.h5").train().size() == 3);
  CHECK_THROWS_AS(RunLog::create(folder / "none" / "run.h5", {}).save(), FileError);
}

TEST_CASE("a reader finds a whole file while the writer works and whenever it is killed") {
  TemporaryDirectory folder;
  RunLog log = sample_log(folder / "run.h5");
  for (std::size_t round = 0; round < 10; ++round) {
    log.save();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (std::int64_t iteration = 40;; ++iteration) {
          log.append(TrainRow{iteration, 0, 0, 0, 0});
          log.save();
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    const Stopwatch waited;
    while (RunLog::open(folder / "run.h5").train().size() < 4 + round && waited.seconds() < 30) {
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(RunLog::open(folder / "run.h5").train().size() >= 4 + round);
  }
}

TEST_CASE("a damaged run.h5 is one line of error") {
  TemporaryDirectory folder;
  const std::filesystem::path path = folder / "run.h5";
  CHECK(failure(path) == FileError::Kind::missing);
  sample_log(path).save();
  const std::string whole = read_file(path);
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, std::size_t{100}, whole.size() - 1}) {
    write_file(path, whole.substr(0, size));
    CHECK(failure(path) == FileError::Kind::damaged);
  }
  write_file(path, std::string(5000, 'x'));
  CHECK(failure(path) == FileError::Kind::damaged);
}

TEST_CASE("a file of another kind is not called damaged") {
  TemporaryDirectory folder;
  const std::string log = (folder / "run.h5").string(), checkpoint = (folder / "checkpoint.h5").string();
  sample_log(log).save();
  write_checkpoint(checkpoint, {});
  CHECK(message_of<FileError>([&] { RunLog::open(checkpoint); }) ==
        checkpoint + " holds no run log; name a run.h5");
  CHECK(message_of<FileError>([&] { read_checkpoint(log); }) ==
        log + " holds no checkpoint; name a checkpoint.h5, or one in RUN/checkpoints");
}

TEST_CASE("a run.h5 with the wrong content is damaged") {
  TemporaryDirectory folder;
  const std::filesystem::path path = folder / "run.h5";
  const auto spoiled = [&](const auto& spoil) {
    sample_log(path).save();
    {
      RawFile raw(path);
      spoil(raw);
    }
    return failure(path);
  };
  const auto damaged = FileError::Kind::damaged;
  CHECK(spoiled([](RawFile& raw) { raw.remove("/train"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.remove("/eval/iteration"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.remove("/bytes"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.remove("/config"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.remove_attribute("status"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.remove_attribute("format_version"); }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.set_attribute("format_version", H5T_STD_I64LE, std::int64_t{0}); }) ==
        damaged);
  CHECK(spoiled([](RawFile& raw) {
          raw.remove("/train/seconds");
          raw.make_array("/train/seconds", H5T_IEEE_F64LE, {2});
        }) == damaged);
  CHECK(spoiled([](RawFile& raw) {
          raw.remove("/eval/iteration");  // zeros do not ascend
          raw.make_array("/eval/iteration", H5T_STD_I64LE, {2});
        }) == damaged);
  CHECK(spoiled([](RawFile& raw) { raw.set_attribute("format_version", H5T_STD_I64LE, std::int64_t{2}); }) ==
        FileError::Kind::newer_format);
  hid_t text = H5Tcopy(H5T_C_S1);
  CHECK(spoiled([&](RawFile& raw) { raw.set_attribute("status", text, 'x'); }) == damaged);
  H5Tclose(text);
}
