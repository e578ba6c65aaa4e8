#include "train/setup.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "files.h"
#include "train/training_run.h"

namespace revnet {
namespace {

using testing::contains;

Config with(const char* architecture, const char* engine, const char* convolution = "auto") {
  Config config;
  config.network.architecture = architecture;
  config.network.engine = engine;
  config.network.convolution = convolution;
  return config;
}

TEST_CASE("the engine is chosen by the documented rule") {
  CHECK(resolve(with("resnet32", "auto")).network.engine == "fused");
  CHECK(resolve(with("revnet110", "auto")).network.engine == "fused");
  CHECK(resolve(with("revnet164", "auto")).network.engine == "fused");
  CHECK(resolve(with("revnet38", "onednn")).network.engine == "onednn");
  CHECK(resolve(with("revnet38", "auto", "direct")).network.engine == "onednn");
  CHECK(contains(testing::message_of<UsageError>([] { resolve(with("revnet38", "fused", "direct")); }),
                 "Winograd"));
  CHECK(network_options(resolve(with("resnet32", "auto"))).engine == Engine::fused);
  CHECK(network_options(resolve(with("resnet164", "onednn"))).engine == Engine::onednn);
}

TEST_CASE("a run from before there was a choice of engines goes on with oneDNN") {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "config.yaml", "network:\n  architecture: revnet38\n");
  CHECK(settings_of_run(folder.path()).network.engine == "onednn");
  testing::write_file(folder / "config.yaml", "network:\n  engine: fused\n");
  CHECK(settings_of_run(folder.path()).network.engine == "fused");
}

}  // namespace
}  // namespace revnet
