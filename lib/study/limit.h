// The limit of a training step: the time that its operations take if each of them does nothing but the
// arithmetic that its algorithm leaves, or nothing but move what it must, whichever takes longer.
//
// Both rates are measured in the same run (machine.h): multiply-adds in registers, and reading, which is the
// fastest way to move memory. oneDNN's operations count as many multiply-adds as a direct convolution has,
// and every other operation only its bytes. A processor that adds beside its multiply-adds, or finds in
// cache what the last operation wrote, can come below the limit, which is why the share is no efficiency in
// small batches.
#pragma once

#include <map>
#include <utility>

#include "study/machine.h"
#include "tensor/profile.h"

namespace revnet {

double limit_seconds(const Cost& cost, const Peak& peak);

// The limit of everything that a profile holds, keyed as its rows.
std::map<std::pair<Operation, std::int64_t>, double> limits(const Profile& profile, const Peak& peak);
double limit_seconds(const Profile& profile, const Peak& peak);

}  // namespace revnet
