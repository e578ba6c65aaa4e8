#include "tensor/memory_ledger.h"

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace revnet {
namespace {

using enum MemoryPurpose;

TEST_CASE("a ledger counts by purpose and in total") {
  MemoryLedger ledger;
  ledger.add(parameters, 100);
  ledger.add(tape, 30);
  ledger.add(tape, 5);
  CHECK(ledger.live(parameters) == 100);
  CHECK(ledger.live(tape) == 35);
  CHECK(ledger.live(scratch) == 0);
  CHECK(ledger.live() == 135);
  ledger.remove(tape, 30);
  CHECK(ledger.live(tape) == 5);
  CHECK(ledger.live() == 105);
}

TEST_CASE("the total peak is taken at one moment, and is not the sum of peaks") {
  MemoryLedger ledger;
  ledger.add(tape, 100);
  ledger.remove(tape, 100);
  ledger.add(scratch, 70);
  ledger.remove(scratch, 70);
  CHECK(ledger.peak(tape) == 100);
  CHECK(ledger.peak(scratch) == 70);
  CHECK(ledger.peak() == 100);
}

TEST_CASE("reset peaks start from the live bytes") {
  MemoryLedger ledger;
  ledger.add(tape, 100);
  ledger.add(gradients, 10);
  ledger.remove(tape, 60);
  ledger.reset_peaks();
  CHECK(ledger.peak(tape) == 40);
  CHECK(ledger.peak(gradients) == 10);
  CHECK(ledger.peak() == 50);
  ledger.add(tape, 20);
  ledger.remove(tape, 20);
  CHECK(ledger.peak(tape) == 60);
  CHECK(ledger.peak() == 70);
}

TEST_CASE("freeing more than was taken throws") {
  MemoryLedger ledger;
  ledger.add(tape, 10);
  CHECK_THROWS_AS(ledger.remove(tape, 11), std::logic_error);
  CHECK_THROWS_AS(ledger.remove(scratch, 1), std::logic_error);
  CHECK(ledger.live() == 10);
}

}  // namespace
}  // namespace revnet
