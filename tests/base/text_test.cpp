#include "base/text.h"

#include <limits>
#include <sstream>

#include <doctest/doctest.h>

#include "base/error.h"

namespace revnet {
namespace {

TEST_CASE("bytes are formatted in powers of 1000") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1) == "1 B");
  CHECK(format_bytes(999) == "999 B");
  CHECK(format_bytes(1000) == "1.0 kB");
  CHECK(format_bytes(1049) == "1.0 kB");
  CHECK(format_bytes(12'345'678) == "12.3 MB");
  CHECK(format_bytes(2'000'000'000) == "2.0 GB");
  CHECK(format_bytes(3'500'000'000'000) == "3.5 TB");
}

TEST_CASE("sizes that round up to a unit are given in it") {
  CHECK(format_bytes(999'400) == "999.4 kB");
  CHECK(format_bytes(999'990) == "1.0 MB");
  CHECK(format_bytes(999'999'999) == "1.0 GB");
}

TEST_CASE("sizes beyond the largest unit stay in it") {
  CHECK(format_bytes(1'234'000'000'000'000) == "1234.0 TB");
  CHECK(format_bytes(std::numeric_limits<std::uint64_t>::max()) == "18446744.1 TB");
}

TEST_CASE("long numbers are grouped by thousands") {
  CHECK(format_grouped(0) == "0");
  CHECK(format_grouped(999) == "999");
  CHECK(format_grouped(1000) == "1,000");
  CHECK(format_grouped(1'234'567) == "1,234,567");
  CHECK(format_grouped(-100) == "-100");
  CHECK(format_grouped(-80'000) == "-80,000");
}

TEST_CASE("durations show hours only if there are any") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(7.4) == "0:07");
  CHECK(format_duration(123) == "2:03");
  CHECK(format_duration(3599.4) == "59:59");
  CHECK(format_duration(3599.6) == "1:00:00");
  CHECK(format_duration(3723) == "1:02:03");
  CHECK(format_duration(100 * 3600 + 59) == "100:00:59");
}

TEST_CASE("no duration is negative") {
  CHECK(format_duration(-5) == "0:00");
  CHECK(format_duration(std::numeric_limits<double>::quiet_NaN()) == "0:00");
}

TEST_CASE("nearest finds a misspelt word") {
  const std::vector<std::string> words{"batch", "seed", "threads", "iterations"};
  CHECK(nearest("batch", words) == "batch");
  CHECK(nearest("bacth", words) == "batch");
  CHECK(nearest("thread", words) == "threads");
  CHECK(nearest("iteration", words) == "iterations");
  CHECK(nearest("sed", words) == "seed");
}

TEST_CASE("nearest gives nothing if more than half differs") {
  const std::vector<std::string> words{"batch", "seed"};
  CHECK(nearest("learning", words) == "");
  CHECK(nearest("batxxx", words) == "batch");  // 3 of 6
  CHECK(nearest("baxxxx", words) == "");       // 4 of 6
  CHECK(nearest("batch", {}) == "");
  CHECK(nearest("", words) == "");
}

TEST_CASE("nearest prefers the first among equals") {
  CHECK(nearest("cat", {"car", "cap"}) == "car");
}

TEST_CASE("a suggestion names the nearest word, if any is near") {
  CHECK(did_you_mean("bacth", {"batch", "seed"}) == " (did you mean 'batch'?)");
  CHECK(did_you_mean("learning", {"batch", "seed"}) == "");
}

TEST_CASE("join puts separators between words only") {
  CHECK(join({}) == "");
  CHECK(join({"a"}) == "a");
  CHECK(join({"a", "b", "c"}) == "a, b, c");
  CHECK(join({"a", "b"}, "/") == "a/b");
}

TEST_CASE("join keeps empty words") {
  CHECK(join({"", "b"}) == ", b");
  CHECK(join({"a", "", "c"}) == "a, , c");
}

TEST_CASE("sizes in bytes are parsed") {
  CHECK(parse_bytes("8GiB", "--limit") == std::uint64_t{8} << 30);
  CHECK(parse_bytes("1.5 kB", "--limit") == 1500);
  CHECK(parse_bytes("500MB", "--limit") == 500'000'000);
  CHECK(parse_bytes("77", "--limit") == 77);
  for (const char* wrong : {"", "GiB", "0", "0GB", "-1", "8 gallons", "1.2.3MB", "1e30TB"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_bytes(wrong, "--limit"), UsageError);
  }
}

TEST_CASE("text in quotes is one short printable line") {
  CHECK(in_quotes("a b") == "'a b'");
  CHECK(in_quotes("a\nb\t\x1b_\xff") == "'a b ?_?'");
  CHECK(in_quotes("\u00e9") == "'\u00e9'");
  CHECK(in_quotes(std::string(81, 'a')) == "'" + std::string(80, 'a') + "...'");
}

TEST_CASE("the last line skips empty ones and needs no line break") {
  const auto last = [](const std::string& text) {
    std::istringstream lines(text);
    return last_line(lines);
  };
  CHECK(last("a\nb\n\n") == "b");
  CHECK(last("a\nb") == "b");
  CHECK(last("\n") == "");
}

}  // namespace
}  // namespace revnet
