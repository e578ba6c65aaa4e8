#include "measured_cases.h"

#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "settings/config_schema.h"
#include "system/interrupt.h"

namespace revnet {

std::vector<Config> with_each(const std::vector<Config>& settings, const std::string& key,
                              const std::vector<std::string>& values, const std::string& option) {
  if (values.empty()) return settings;
  std::vector<Config> each;
  for (const Config& config : settings) {
    for (const std::string& value : values) {
      each.push_back(config);
      set_value(each.back(), key, value, option);
    }
  }
  return each;
}

std::string network_and_mode(const Config& config) {
  return fmt::format("{}, {}", network_name(config.network), name(config.network.activations));
}

std::string whole_case(const Config& config) {
  const int threads = config.training.threads;
  return fmt::format("{}, batch {}, {} thread{}", network_and_mode(config), config.training.batch, threads,
                     threads == 1 ? "" : "s");
}

MeasuredCases measure_each(const std::vector<Config>& cases,
                           const std::function<std::string(const Config&)>& describe,
                           const std::function<bool(const Config&)>& measure) {
  MeasuredCases done{.all = cases.size()};
  std::size_t begun = 0;
  for (const Config& config : cases) {
    if (interrupted()) break;
    std::cerr << fmt::format("{}/{}  {}\n", ++begun, done.all, describe(config));
    try {
      if (!measure(config)) break;
      ++done.measured;
    } catch (const Error& error) {
      std::cerr << "left out: " << error.what() << '\n';
      ++done.left_out;
    }
  }
  return done;
}

int exit_code(const MeasuredCases& done) {
  if (!interrupted()) return static_cast<int>(done.left_out > 0 ? ExitCode::failed : ExitCode::done);
  std::cerr << fmt::format("interrupted after {} of {} cases\n", done.measured, done.all);
  return static_cast<int>(ExitCode::interrupted);
}

}  // namespace revnet
