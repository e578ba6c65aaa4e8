// Extension of a run beyond its last iteration.
//
// The learning rate drops at fractions of the run, which a longer run reaches at later iterations. The part
// that is already trained cannot change, so the iterations stay and the fractions change, unless given.
#pragma once

#include <string>

#include "settings/config.h"

namespace revnet {

// Returns `before` with that many iterations; the learning rate drops at the same iterations as in `before`.
Config extended(Config before, std::int64_t iterations);

// Describes the extension in a line: both lengths, and the learning rate after `done` iterations.
std::string describe_extension(const Config& now, const Config& before, std::int64_t done);

}  // namespace revnet
