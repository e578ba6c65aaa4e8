#include "study/memory_study.h"

#include <doctest/doctest.h>

#include "files.h"
#include "net/activations.h"
#include "record/hdf5.h"
#include "study/growth.h"
#include "train/setup.h"

namespace revnet {
namespace {

using Activations = Config::Network::Activations;

// A network with so many units in each stage, resolved.
Config small_case(const char* architecture, std::int64_t units, Activations activations,
                  std::int64_t batch = 2) {
  Config config;
  config.network.architecture = architecture;
  config.network.units = {units, units, units};
  config.network.activations = activations;
  config.training.batch = batch;
  config.training.threads = 1;
  return resolve(for_measuring(config));
}

TEST_CASE("planned bytes equal the ledger's in every mode, with either engine and coupling") {
  using enum Activations;
  const auto check = [](Config config) {
    CAPTURE(name(config.network.activations));
    const MemoryResult planned = plan_case(config), measured = measure_case(config, 1);
    CHECK(planned.saved_bytes == measured.saved_bytes);
    CHECK(planned.tape_bytes == measured.tape_bytes);
    CHECK(planned.peak_bytes <= measured.peak_bytes);  // the optimizer is not planned
    CHECK(measured.macs > 0);
    CHECK(measured.seconds > 0);
    CHECK(measured.resident_bytes > measured.peak_bytes);
  };
  using Network = Config::Network;
  for (const auto engine : {Network::Engine::fused, Network::Engine::onednn}) {
    for (const auto mode : {stored, checkpointed, recursive, reconstructed}) {
      Config config = small_case("revnet38", 2, mode);
      config.network.engine = engine;
      check(config);
      if (mode == reconstructed) continue;
      config = small_case("resnet32", 2, mode);
      config.network.engine = engine;
      check(config);
    }
  }
  Config exact = small_case("revnet38", 2, reconstructed);
  exact.network.coupling = Network::Coupling::exact;
  check(exact);
}

TEST_CASE("what each mode saves grows as in the paper's Table 1") {
  const auto best_fit = [](const char* network, Activations mode) {
    std::vector<double> depths, saved;
    for (const std::int64_t units : {3, 12, 27, 48}) {
      const Config config = small_case(network, units, mode);
      depths.push_back(static_cast<double>(architecture(config).depth()));
      saved.push_back(static_cast<double>(plan_case(config).saved_bytes));
    }
    return fit_growth(depths, saved).front().name;
  };
  CHECK(best_fit("resnet32", Activations::stored) == "L");
  CHECK(best_fit("revnet38", Activations::stored) == "L");
  CHECK(best_fit("revnet38", Activations::reconstructed) == "1");
  CHECK(best_fit("resnet32", Activations::checkpointed) == "sqrt L");
  CHECK(best_fit("resnet32", Activations::recursive) == "log L");
}

TEST_CASE("growth needs five depths, and all fits of similar quality are named") {
  MemoryStudy study;
  const auto growth_of = [&](const std::vector<std::int64_t>& units,
                             const std::vector<std::uint64_t>& bytes) {
    study = {};
    for (std::size_t i = 0; i < units.size(); ++i) {
      study.push_back(
          {small_case("resnet32", units[i], Activations::checkpointed), bytes[i], 0, 1, 1, units[i], 0.5});
    }
    return growth_table(study).format(TableFormat::csv);
  };
  // Measured values: on three and on four depths, checkpointing wrongly looks like log L.
  CHECK(growth_table(study).empty());
  CHECK(growth_of({3, 12, 6}, {1414700, 2426500, 1929900}).find("log L") == std::string::npos);
  CHECK(growth_of({3, 6, 9, 12}, {1414700, 1929900, 2295500, 2426500}).find("log L") == std::string::npos);
  CHECK(growth_of({3, 6, 9, 12, 18, 24, 36}, {1414700, 1929900, 2295500, 2426500, 2959300, 3324800, 3988700})
            .find("resnet32,checkpointed,2,sqrt L (1.8 %),1 (0.0 %),L (0.0 %)\n") != std::string::npos);
  CHECK(growth_of({3, 6, 9, 12, 18, 24, 36}, {44, 99, 156, 216, 339, 469, 733}).find(",L or L log L (") !=
        std::string::npos);
}

TEST_CASE("what is only planned is not shown as measured, and each batch has a growth of its own") {
  MemoryStudy study;
  for (const std::int64_t batch : {2, 4}) {
    for (const std::int64_t units : {3, 6, 9, 12, 18}) {
      study.push_back(plan_case(small_case("resnet32", units, Activations::stored, batch)));
    }
  }
  CHECK(memory_table(study).format(TableFormat::markdown).find(" | - | - | - |\n") != std::string::npos);
  CHECK(memory_data(study).format(TableFormat::csv).find(",,,\n") != std::string::npos);
  const std::string growth = growth_table(study).format(TableFormat::csv);
  CHECK(growth.find("resnet32,stored,2,L (0.0 %),L (") != std::string::npos);
  CHECK(growth.find("resnet32,stored,4,L (0.0 %),L (") != std::string::npos);
  CHECK(growth.find(" %),\n") != std::string::npos);
}

TEST_CASE("a memory study is written") {
  const testing::TemporaryDirectory folder;
  MemoryStudy study;
  study.push_back(
      {small_case("revnet38", 3, Activations::reconstructed), 10, 20, 30, 40, 5'000'000'000, 0.5});
  write_memory_log(folder / "m.h5", study, "the command");
  const hdf5::Reader log(folder / "m.h5");
  CHECK(log.text_attribute("/", "study") == "memory");
  CHECK(log.texts("cases/units") == std::vector<std::string>{"3-3-3"});
  CHECK(log.integers("cases/depth") == std::vector<std::int64_t>{9});
  CHECK(log.integers("cases/saved_bytes") == std::vector<std::int64_t>{10});
  CHECK(log.doubles("cases/seconds") == std::vector<double>{0.5});
  CHECK(log.integers("cases/tape_bytes") == std::vector<std::int64_t>{20});
  CHECK(log.integers("cases/peak_bytes") == std::vector<std::int64_t>{30});
  CHECK(log.integers("cases/resident_bytes") == std::vector<std::int64_t>{40});
  CHECK(log.integers("cases/macs") == std::vector<std::int64_t>{5'000'000'000});
  CHECK(memory_table(study)
            .format(TableFormat::csv)
            .find("revnet38,3-3-3,9,reconstructed,2,10 B,20 B,30 B,40 B,5.00,500.0\n") != std::string::npos);
  CHECK(growth_table(study).empty());
}

}  // namespace
}  // namespace revnet
