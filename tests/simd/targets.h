// Runs a test's body once for each instruction set that both this machine and this build support.
#pragma once

#include <doctest/doctest.h>
#include <hwy/targets.h>

namespace revnet::testing {

template <class Body>
void each_target(const Body& body) {
  const std::int64_t available = hwy::SupportedTargets() & HWY_TARGETS;
  if (available == 0) MESSAGE("this machine has none of the instruction sets: nothing is checked");
  for (std::int64_t rest = available; rest != 0; rest &= rest - 1) {
    const std::int64_t target = rest & -rest;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
    INFO("instruction set " << hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace revnet::testing
