// What revnet-compare memory and speed share: cases, each one combination of settings, that are measured one
// after the other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "settings/config.h"

namespace revnet {

// Returns each of the settings with each value of the setting `key`, which `option` has given; without
// values, the settings as they are.
std::vector<Config> with_each(const std::vector<Config>& settings, const std::string& key,
                              const std::vector<std::string>& values, const std::string& option);

// "revnet38, stored", and "revnet38, stored, batch 100, 2 threads".
std::string network_and_mode(const Config& config);
std::string whole_case(const Config& config);

struct MeasuredCases {
  std::size_t all = 0, measured = 0, left_out = 0;
};

// Calls measure() for each case until a signal arrives, or until it returns false because a signal ended the
// case. Announces each on stderr as described, and leaves out, with a line there, a case that fails, such as
// one that needs more memory than there is.
MeasuredCases measure_each(const std::vector<Config>& cases,
                           const std::function<std::string(const Config&)>& describe,
                           const std::function<bool(const Config&)>& measure);

// Returns the exit code of the command, after a line on stderr if a signal ended it early.
int exit_code(const MeasuredCases& done);

}  // namespace revnet
