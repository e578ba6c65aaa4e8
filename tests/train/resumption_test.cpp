#include "train/resumption.h"

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

RunInfo info() {
  RunInfo info;
  info.threads = 2;
  info.cpu = "one";
  info.version = "1";
  info.onednn_version = "2.6.3";
  info.extra["instruction_set"] = "avx2";
  return info;
}

TEST_CASE("a run that goes on as it began has nothing to say") {
  const Resumption resumption(info(), info(), 10);
  CHECK(resumption.warnings().empty());
  CHECK(resumption.info().extra.count(changed_on_resume) == 0);
  // Files from before instruction sets were recorded.
  RunInfo older = info();
  older.extra.erase("instruction_set");
  CHECK(Resumption(older, info(), 10).warnings().empty());
}

TEST_CASE("a run began when its first process did") {
  RunInfo before = info(), now = info();
  now.extra[started] = "2026-02-02T00:00:00Z";
  CHECK(Resumption(before, now, 10).info().extra.at(started) == "2026-02-02T00:00:00Z");
  before.extra[started] = "2026-02-01T00:00:00Z";
  CHECK(Resumption(before, now, 10).info().extra.at(started) == "2026-02-01T00:00:00Z");
}

TEST_CASE("whatever may change the bits is said and recorded") {
  RunInfo now = info();
  now.threads = 3;
  now.cpu = "other";
  now.onednn_version = "3.1";
  now.extra["instruction_set"] = "avx512_core";
  const Resumption first(info(), now, 10);
  REQUIRE(first.warnings().size() == 4);
  CHECK(testing::contains(first.warnings()[0], "threads 3, the run so far had 2"));
  const std::string recorded = first.info().extra.at(changed_on_resume);
  CHECK(recorded ==
        "threads 2 -> 3 after iteration 10; cpu one -> other after iteration 10; "
        "instruction set avx2 -> avx512_core after iteration 10; oneDNN 2.6.3 -> 3.1 after iteration 10");
  // Resumed again, with fewer threads: what changed before stays.
  RunInfo last = now;
  last.threads = 1;
  CHECK(Resumption(first.info(), last, 20).info().extra.at(changed_on_resume) ==
        recorded + "; threads 3 -> 1 after iteration 20");
}

TEST_CASE("rows at other iterations are said and recorded") {
  RunInfo before = info(), now = info();
  Config config;
  before.config = to_yaml(config);
  config.log.every = 5;
  config.evaluation.every = 500;
  config.checkpoint.every = 7;  // leaves no trace
  now.config = to_yaml(config);
  const Resumption resumption(before, now, 30);
  REQUIRE(resumption.warnings().size() == 2);
  CHECK(testing::contains(resumption.warnings()[0], "evaluation.every 500, the run so far had 1000"));
  CHECK(resumption.info().extra.at(changed_on_resume) ==
        "evaluation.every 1000 -> 500 after iteration 30; log.every 10 -> 5 after iteration 30");
  CHECK(resumption.extension().empty());
}

TEST_CASE("that a run is made longer is said and recorded, and is nothing to warn of") {
  RunInfo before = info(), now = info();
  Config config;
  before.config = to_yaml(config);
  config.training.iterations = 100'000;
  config.training.decay_at = {0.4, 0.6};
  now.config = to_yaml(config);
  const Resumption resumption(before, now, 80'000);
  CHECK(resumption.warnings().empty());
  CHECK(testing::contains(resumption.extension(), "from 80000 to 100000 iterations"));
  CHECK(resumption.info().extra.at(changed_on_resume) ==
        "training.iterations 80000 -> 100000 after iteration 80000; "
        "training.decay_at [0.5, 0.75] -> [0.4, 0.6] after iteration 80000");
}

TEST_CASE("the command that goes on is the same with --resume, and replaces nothing") {
  CHECK(resuming("revnet-train cifar10 --seed 2") == "revnet-train cifar10 --seed 2 --resume");
  CHECK(resuming("revnet-train cifar10 --force --seed 2") == "revnet-train cifar10 --seed 2 --resume");
  CHECK(resuming("revnet-train cifar10 --force") == "revnet-train cifar10 --resume");
  CHECK(resuming("revnet-train --run-dir a --resume") == "revnet-train --run-dir a --resume");
  CHECK(resuming("revnet-train --resume --threads 2") == "revnet-train --resume --threads 2");
}

TEST_CASE("Winograd that oneDNN has no longer is said of runs that may have used it") {
  RunInfo before = info(), now = info();
  before.extra["onednn_winograd"] = "present";
  now.extra["onednn_winograd"] = "absent";
  const auto warnings = [&](const char* convolution) {
    before.extra["convolution"] = now.extra["convolution"] = convolution;
    return Resumption(before, now, 10).warnings();
  };
  REQUIRE(warnings("auto").size() == 1);
  CHECK(testing::contains(warnings("auto")[0], "oneDNN's Winograd absent, the run so far had present"));
  CHECK(warnings("direct").empty());
  // Files from before it was recorded.
  before.extra.erase("onednn_winograd");
  CHECK(warnings("auto").empty());
}

}  // namespace
}  // namespace revnet
