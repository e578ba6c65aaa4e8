// scripts/two-hosts, scripts/scaling_model.py and scripts/scaling.py.
#include <csignal>
#include <cstdlib>

#include <doctest/doctest.h>

#include "end_to_end/runs.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

bool succeeds(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

// An example small enough to compute by hand. A step of 100 images takes 300 ms, 200 of them in the backward
// pass. Of two buckets of 1 MB, one is final halfway through the backward pass and one at its end; a third
// bucket is empty. At 1 ms of latency and 10 MB/s, a bucket takes 102 ms between two nodes.
constexpr const char* example = R"(
from scaling_model import *
network = Network({50: 0.2, 100: 0.3}, 2 / 3, [(0, 0), (1e6, 0.5), (1e6, 1)])
wire = Wire(0.001, 1e7)
)";

TEST_CASE("the model of a step agrees with a computation by hand") {
  const TemporaryDirectory folder;
  const auto said = [&](const std::string& expression) {
    return std::stod(python(folder.path(), example + ("print(" + expression + ")")));
  };
  CHECK(said("step(network, 100, 1, wire).seconds") == doctest::Approx(0.3));
  // The second bucket arrives at 200 + 102 ms, the third 102 ms later. The loss takes two messages of 1 ms.
  CHECK(said("step(network, 100, 2, wire).seconds") == doctest::Approx(0.406).epsilon(1e-4));
  CHECK(said("step(network, 100, 2, wire, overlap=False).seconds") == doctest::Approx(0.508).epsilon(1e-4));
  CHECK(said("step(network, 100, 2, wire).hidden()") == doctest::Approx(1 - 0.106 / 0.206).epsilon(1e-3));
  // On 64 nodes an all-reduce sends 12 messages and 63/64 of the bytes twice.
  CHECK(said("all_reduce(1e6, 64, wire)") == doctest::Approx(0.012 + 0.196875));
  CHECK(said("network.compute(75)") == doctest::Approx(0.25));
  CHECK(said("network.compute(200)") == doctest::Approx(0.5));
  CHECK(said("network.bytes()") == doctest::Approx(2e6));
  // On a fast enough wire the exchange costs only the last bucket and the copies.
  CHECK(said("(setattr(network, 'copying', 1e-9), step(network, 100, 2, Wire(0, 1e9)).seconds)[1]") ==
        doctest::Approx(0.303));
  CHECK(said("fit_wire([(4, 0.002), (1024, 0.0021), (4000000, 0.402)]).latency") == doctest::Approx(0.001));
  CHECK(said("fit_wire([(4, 0.002), (1024, 0.0021), (4000000, 0.402)]).bandwidth") == doctest::Approx(1e7));
}

#ifdef REVNET_MPIRUN
TEST_CASE("two-hosts trains over a slow network and leaves no network namespace behind") {
  if (!succeeds("PATH=$PATH:/usr/sbin:/sbin; [ $(id -u) = 0 ] && ip netns add revnet-test && ip netns delete "
                "revnet-test && command -v tc")) {
    MESSAGE("skipped: network namespaces need root and the package iproute2");
    return;
  }
  const TemporaryDirectory folder;
  const Environment environment = for_mpirun(folder.path());
  const Arguments training{"200mbit",   REVNET_BIN_DIR "/revnet-train",
                           "synthetic", "--arch",
                           "resnet32",  "--batch",
                           "4",         "--log-every",
                           "1",         "--run-dir",
                           "run"};
  const auto two_hosts = [&](const Arguments& more) {
    return Process(REVNET_SCRIPTS_DIR "/two-hosts", folder.path(), join(training, more), environment);
  };
  Process process = two_hosts({"--iterations", "100000", "--checkpoint-every", "1"});
  const std::string namespaces = "ip netns list | grep -F revnet-" + std::to_string(process.id()) + "-";
  REQUIRE(process.reaches([&] { return saved_iterations(folder / "run") >= 2; }));
  CHECK(succeeds("PATH=$PATH:/usr/sbin:/sbin; " + namespaces));
  process.send(SIGUSR1);
  const Outcome outcome = process.wait();
  INFO(outcome.text());
  CHECK(outcome.exit_code == 3);
  CHECK_FALSE(succeeds("PATH=$PATH:/usr/sbin:/sbin; " + namespaces));
  CHECK(contains(outcome.err, "second-host"));
  const RunLog log = open_log(folder / "run");
  CHECK(log.status() == RunStatus::interrupted);
  CHECK(log.info().extra.at("ranks") == "2");
  // Each step exchanges 1.9 MB at 25 MB/s.
  CHECK(log.all_reduce().at("seconds_alone") / log.all_reduce().at("steps") > 0.06);

  // The model must assume the bytes that were exchanged.
  if (!has_h5py()) return;
  CHECK(log.all_reduce().at("bucket_bytes") ==
        std::stod(python(folder.path(), "import scaling_model\nprint(scaling_model.BUCKET_BYTES)")));
  CHECK(log.all_reduce().at("bytes") == std::stod(python(folder.path(), R"(
import revnet_files, scaling_model
print(sum(size for size, _ in scaling_model.buckets(revnet_files.read_checkpoint("run/checkpoint.h5"))))
)")));
}

TEST_CASE("two-hosts refuses invalid arguments") {
  const TemporaryDirectory folder;
  const auto refused = [&](const Arguments& arguments) {
    const Outcome outcome = Process(REVNET_SCRIPTS_DIR "/two-hosts", folder.path(), arguments).wait();
    CHECK(outcome.exit_code == 2);
    return outcome.err;
  };
  CHECK(contains(refused({}), "usage: two-hosts RATE PROGRAM"));
  CHECK((contains(refused({"fast", "true"}), "fast is not a rate: write 100mbit, 1gbit or unlimited") ||
         contains(refused({"fast", "true"}), "network namespaces need root")));
}
#endif

TEST_CASE("scaling.py makes a table and a figure from measured constants") {
  if (!can_draw()) return;
  const TemporaryDirectory folder;
  write_file(folder / "scaling.json", R"({"measure": {"cpu": "any", "threads": 1, "networks": {"resnet32":
    {"seconds": {"2": 0.01, "128": 0.3}, "activations": "stored", "buckets": [[0, 0], [1e6, 0.5], [1e6, 1]]}}}})");
  const std::string command = "cd '" + folder.path().string() +
                              "' && '" REVNET_SCRIPTS_DIR
                              "/scaling.py' show --file scaling.json --output s.svg --wire 1=1000 > table";
  REQUIRE(std::system(command.c_str()) == 0);
  // On 64 nodes a bucket of 1 MB takes 28.7 ms at 117.7 MB/s. The backward pass hides all buckets but the
  // last, and the loss takes 12 ms, so a step takes 300 + 28.7 + 12 ms.
  CHECK_MESSAGE(contains(read_file(folder / "table"), "| 341 | 56.3 |"), read_file(folder / "table"));
  CHECK(contains(read_file(folder / "s.svg"), "<svg"));
  const auto refused = [&](const std::string& arguments) {
    const std::string show = "cd '" + folder.path().string() +
                             "' && '" REVNET_SCRIPTS_DIR "/scaling.py' show " + arguments + " 2> errors";
    CHECK(std::system(show.c_str()) != 0);
    return read_file(folder / "errors");
  };
  CHECK(refused("--file none.json") == "scaling.py: none.json has no constants: run scaling.py measure\n");
  CHECK(refused("--file scaling.json --wire 0=1") ==
        "scaling.py: --wire 0=1: write GBIT=MICROSECONDS, as in 10=30\n");
  write_file(folder / "cut.json", "{");
  CHECK(contains(refused("--file cut.json"), "scaling.py: cut.json is damaged: "));
}

}  // namespace
}  // namespace revnet::testing
