#include "run/resumption.h"

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

TEST_CASE("a run that resumes under the same conditions gets no warning") {
  const Resumption resumption(info(), info(), 10);
  CHECK(resumption.warnings().empty());
  CHECK(resumption.info().extra.count(changed_on_resume) == 0);
  // Older files do not record the instruction set.
  RunInfo older = info();
  older.extra.erase("instruction_set");
  CHECK(Resumption(older, info(), 10).warnings().empty());
}

TEST_CASE("other images are warned of, and an older file does not say which it had") {
  RunInfo before = info(), now = info();
  now.extra[dataset_fingerprint] = "b";
  CHECK(Resumption(before, now, 10).warnings().empty());
  CHECK(Resumption(before, now, 10).info().extra.at(dataset_fingerprint) == "b");
  before.extra[dataset_fingerprint] = "a";
  const Resumption resumption(before, now, 10);
  REQUIRE(resumption.warnings().size() == 1);
  CHECK(testing::contains(resumption.warnings()[0], "data set b instead of a: batches have other images"));
  CHECK(resumption.info().extra.at(changed_on_resume) == "data set a -> b after iteration 10");
}

TEST_CASE("a resumed run keeps the start time of its first process") {
  RunInfo before = info(), now = info();
  now.extra[started] = "2026-02-02T00:00:00Z";
  CHECK(Resumption(before, now, 10).info().extra.at(started) == "2026-02-02T00:00:00Z");
  before.extra[started] = "2026-02-01T00:00:00Z";
  CHECK(Resumption(before, now, 10).info().extra.at(started) == "2026-02-01T00:00:00Z");
}

TEST_CASE("a difference that may change the bits is warned of and recorded") {
  RunInfo now = info();
  now.threads = 3;
  now.cpu = "other";
  now.onednn_version = "3.1";
  now.extra["instruction_set"] = "avx512_core";
  const Resumption first(info(), now, 10);
  REQUIRE(first.warnings().size() == 4);
  CHECK(testing::contains(first.warnings()[0], "threads 3 instead of 2"));
  const std::string recorded = first.info().extra.at(changed_on_resume);
  CHECK(recorded ==
        "threads 2 -> 3 after iteration 10; cpu one -> other after iteration 10; "
        "instruction set avx2 -> avx512_core after iteration 10; oneDNN 2.6.3 -> 3.1 after iteration 10");
  // Resuming again with fewer threads keeps the earlier entries.
  RunInfo last = now;
  last.threads = 1;
  CHECK(Resumption(first.info(), last, 20).info().extra.at(changed_on_resume) ==
        recorded + "; threads 3 -> 1 after iteration 20");
}

TEST_CASE("a change in the intervals of rows is warned of and recorded") {
  RunInfo before = info(), now = info();
  Config config;
  before.config = to_yaml(config);
  config.log.every = 5;
  config.evaluation.every = 500;
  config.checkpoint.every = 7;  // leaves no trace
  now.config = to_yaml(config);
  const Resumption resumption(before, now, 30);
  REQUIRE(resumption.warnings().size() == 2);
  CHECK(testing::contains(resumption.warnings()[0],
                          "evaluation.every 500 instead of 1000: from here on, the log has rows at other"));
  CHECK(resumption.info().extra.at(changed_on_resume) ==
        "evaluation.every 1000 -> 500 after iteration 30; log.every 10 -> 5 after iteration 30");
  CHECK(resumption.extension().empty());
}

TEST_CASE("an extension is reported and recorded without a warning") {
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

TEST_CASE("the command that resumes a run has --resume and not --force") {
  CHECK(resuming("revnet-train cifar10 --seed 2") == "revnet-train cifar10 --seed 2 --resume");
  CHECK(resuming("revnet-train cifar10 --force --seed 2") == "revnet-train cifar10 --seed 2 --resume");
  CHECK(resuming("revnet-train cifar10 --force") == "revnet-train cifar10 --resume");
  CHECK(resuming("revnet-train --run-dir a --resume") == "revnet-train --run-dir a --resume");
  CHECK(resuming("revnet-train --resume --threads 2") == "revnet-train --resume --threads 2");
}

TEST_CASE("a run that may have used oneDNN's Winograd warns if the support is gone") {
  RunInfo before = info(), now = info();
  before.extra["onednn_winograd"] = "present";
  now.extra["onednn_winograd"] = "absent";
  const auto warnings = [&](const char* convolution) {
    before.extra["convolution"] = now.extra["convolution"] = convolution;
    return Resumption(before, now, 10).warnings();
  };
  REQUIRE(warnings("auto").size() == 1);
  CHECK(testing::contains(warnings("auto")[0], "oneDNN's Winograd absent instead of present"));
  CHECK(warnings("direct").empty());
  // Older files do not record it.
  before.extra.erase("onednn_winograd");
  CHECK(warnings("auto").empty());
}

}  // namespace
}  // namespace revnet
