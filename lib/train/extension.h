// A run that goes on beyond its last iteration.
//
// The learning rate falls at fractions of the run, so a longer run has other iterations where it falls. What
// was trained cannot be trained anew: the iterations stay, and the fractions change, unless they are given.
#pragma once

#include <string>

#include "record/config.h"

namespace revnet {

// `before` with so many iterations, in which the learning rate falls where it does in `before`.
Config extended(Config before, std::int64_t iterations);

// A line that says how long the run was and is, and what becomes of its learning rate after `done`
// iterations.
std::string describe_extension(const Config& now, const Config& before, std::int64_t done);

}  // namespace revnet
