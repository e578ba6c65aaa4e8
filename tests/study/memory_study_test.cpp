#include "study/memory_study.h"

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "files.h"
#include "record/hdf5.h"
#include "train/memory_plan.h"

namespace revnet {
namespace {

TEST_CASE("growth is recognised") {
  const std::vector<double> depths{9, 18, 27, 54, 108};
  const auto best = [&](double (*growth)(double)) {
    std::vector<double> values;
    for (const double depth : depths) values.push_back(5 + 3 * growth(depth));
    const Growth fit = fit_growth(depths, values).front();
    CHECK(fit.residual < 1e-9);
    CHECK(fit.a == doctest::Approx(fit.name == "1" ? 8 : 5));
    if (fit.name != "1") CHECK(fit.b == doctest::Approx(3));
    return fit.name;
  };
  CHECK(best([](double) { return 1.0; }) == "1");
  CHECK(best([](double depth) { return std::log(depth); }) == "log L");
  CHECK(best([](double depth) { return std::sqrt(depth); }) == "sqrt L");
  CHECK(best([](double depth) { return depth; }) == "L");
  CHECK(best([](double depth) { return depth * std::log(depth); }) == "L log L");
  CHECK_THROWS_AS(fit_growth({3, 3, 6}, {1, 2, 3}), std::logic_error);
}

TEST_CASE("the largest batch that fits is found") {
  for (const std::int64_t largest : {1, 2, 3, 100, 1000}) {
    const auto bytes = [&](std::int64_t batch) { return static_cast<std::uint64_t>(10 + 7 * batch); };
    CHECK(largest_batch(static_cast<std::uint64_t>(10 + 7 * largest), bytes) == largest);
    CHECK(largest_batch(static_cast<std::uint64_t>(10 + 7 * largest + 6), bytes) == largest);
  }
  // The bytes do not grow equally with every image, but in steps and faster and faster.
  CHECK(largest_batch(
            1000, [](std::int64_t batch) { return static_cast<std::uint64_t>(100 * (batch / 7)); }) == 76);
  CHECK(largest_batch(1'000'000,
                      [](std::int64_t batch) { return static_cast<std::uint64_t>(batch * batch); }) == 1000);
  CHECK(largest_batch(5, [](std::int64_t) { return std::uint64_t{10}; }) == 0);
}

TEST_CASE("planned bytes equal the ledger's in every mode") {
  for (const char* architecture : {"resnet32", "revnet38"}) {
    for (const ActivationMode mode : activation_modes) {
      const MemoryCase what{find_architecture(architecture), 2, mode, 2, 1};
      if (!can_keep(what.network(), mode)) continue;
      CAPTURE(name(mode));
      const MemoryResult planned = plan_case(what), measured = measure_case(what, 1);
      CHECK(planned.saved_bytes == measured.saved_bytes);
      CHECK(planned.tape_bytes == measured.tape_bytes);
      CHECK(planned.peak_bytes <= measured.peak_bytes);  // the optimizer is not planned
      CHECK(measured.macs > 0);
      CHECK(measured.seconds > 0);
      CHECK(measured.resident_bytes > measured.peak_bytes);
    }
  }
}

TEST_CASE("what each mode saves grows as in the paper's Table 1") {
  const auto best_fit = [](const char* architecture, ActivationMode mode) {
    std::vector<double> depths, saved;
    for (const std::int64_t units : {3, 12, 27, 48}) {
      const MemoryCase what{find_architecture(architecture), units, mode, 2, 1};
      depths.push_back(static_cast<double>(what.network().depth()));
      saved.push_back(static_cast<double>(plan_case(what).saved_bytes));
    }
    return fit_growth(depths, saved).front().name;
  };
  CHECK(best_fit("resnet32", ActivationMode::stored) == "L");
  CHECK(best_fit("revnet38", ActivationMode::stored) == "L");
  CHECK(best_fit("revnet38", ActivationMode::reconstructed) == "1");
  CHECK(best_fit("resnet32", ActivationMode::checkpointed) == "sqrt L");
  CHECK(best_fit("resnet32", ActivationMode::recursive) == "log L");
}

TEST_CASE("growth needs five depths, and all fits of similar quality are named") {
  MemoryStudy study;
  const auto growth_of = [&](const std::vector<std::int64_t>& units,
                             const std::vector<std::uint64_t>& bytes) {
    study = {};
    for (std::size_t i = 0; i < units.size(); ++i) {
      study.cases.push_back({find_architecture("resnet32"), units[i], ActivationMode::checkpointed, 2, 1});
      study.results.push_back({bytes[i], 0, 1, 1, units[i], 0.5});
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
      study.cases.push_back({find_architecture("resnet32"), units, ActivationMode::stored, batch, 1});
      study.results.push_back(plan_case(study.cases.back()));
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
  study.cases.push_back({find_architecture("revnet38"), 3, ActivationMode::reconstructed, 2, 1});
  study.results.push_back({10, 20, 30, 40, 5'000'000'000, 0.5});
  write_memory_log(folder / "m.h5", study, "the command");
  const hdf5::Reader log(folder / "m.h5");
  CHECK(log.text_attribute("/", "study") == "memory");
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
