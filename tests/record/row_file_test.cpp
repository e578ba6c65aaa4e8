// metrics.csv and event files: every row at once, none twice, in the formats that others read.
#include "record/row_file.h"

#include <cstring>

#include <doctest/doctest.h>

#include "record/event_file.h"
#include "support.h"
#include "system/file_error.h"

namespace revnet {
namespace {

using testing::message_of;
using testing::read_file;
using testing::TemporaryDirectory;

RunLog sample_log() {
  RunLog log = RunLog::create("run.h5", {});
  log.append(TrainRow{10, 2.5, 90, 0.1, 1.5});
  log.append(EvalRow{15, 2.25, 85});
  log.append_average(EvalRow{15, 2.125, 84});
  log.append(TrainRow{20, 1.0 / 3, 80, 0.01, 3});
  log.append(EvalRow{20, 2, 75});
  log.append_average(EvalRow{20, 1.75, 74});
  return log;
}

TEST_CASE("metrics.csv has a log's rows in their order, and new ones as they come") {
  const TemporaryDirectory folder;
  testing::write_file(folder / "metrics.csv", "of an earlier process, with rows that are thrown away\n");
  RowFile csv = make_metrics_csv(folder / "metrics.csv", metrics_rows(sample_log(), "test"));
  const std::string expected =
      "iteration,set,cross_entropy,error_percent,learning_rate,seconds\n"
      "10,train,2.5,90,0.1,1.5\n15,test,2.25,85,,\n15,test_average,2.125,84,,\n"
      "20,train,0.3333333333333333,80,0.01,3\n20,test,2,75,,\n20,test_average,1.75,74,,\n";
  CHECK(read_file(folder / "metrics.csv") == expected);
  csv.append(metrics_row(TrainRow{30, 0.5, 12.5, 1e-3, 1e9}));
  CHECK(read_file(folder / "metrics.csv") == expected + "30,train,0.5,12.5,0.001,1000000000\n");
  csv.append(metrics_row(EvalRow{30, 0.5, 12.5}, "validation"));
  CHECK(read_file(folder / "metrics.csv").ends_with("\n30,validation,0.5,12.5,,\n"));
}

TEST_CASE("a file of rows that cannot be written says so") {
  const TemporaryDirectory folder;
  CHECK(message_of<FileError>([&] {
          make_metrics_csv(folder / "none/metrics.csv", {});
        }).starts_with("cannot write " + (folder / "none/metrics.csv.tmp").string()));
}

// A reader written from the specifications. It computes checksums a bit at a time, and knows every field.
std::uint32_t crc32c_by_bits(const std::string& bytes) {
  std::uint32_t remainder = 0xffffffff;
  for (const char c : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool set = ((static_cast<unsigned char>(c) >> bit) & 1) != (remainder & 1);
      remainder = (remainder >> 1) ^ (set ? 0x82f63b78 : 0);
    }
  }
  return remainder ^ 0xffffffff;
}

class Bytes {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  bool ended() const { return at_ == bytes_.size(); }
  std::string take(std::size_t count) {
    REQUIRE(at_ + count <= bytes_.size());
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = number<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

void check_masked(std::uint32_t stored, const std::string& bytes) {
  const std::uint32_t rotated = stored - 0xa282ead8;
  CHECK(((rotated >> 17) | (rotated << 15)) == crc32c_by_bits(bytes));
}

struct Scalar {
  std::string tag;
  std::int64_t step = 0;
  double time = 0;
  float value = 0;
};

// Returns the values in all records but the first, which must name the version.
std::vector<Scalar> read_events(const std::string& file) {
  Bytes records(file);
  std::vector<Scalar> scalars;
  for (bool first = true; !records.ended(); first = false) {
    const std::string length = records.take(8);
    check_masked(records.number<std::uint32_t>(), length);
    const std::string data = records.take(Bytes(length).number<std::uint64_t>());
    check_masked(records.number<std::uint32_t>(), data);
    Bytes event(data);
    Scalar head;
    std::string version;
    while (!event.ended()) {
      switch (event.varint()) {
        case 1 << 3 | 1:
          head.time = event.number<double>();
          break;
        case 2 << 3 | 0:
          head.step = static_cast<std::int64_t>(event.varint());
          break;
        case 3 << 3 | 2:
          version = event.take(event.varint());
          break;
        case 5 << 3 | 2: {
          Bytes summary(event.take(event.varint()));
          while (!summary.ended()) {
            REQUIRE(summary.varint() == (1 << 3 | 2));
            Bytes value(summary.take(summary.varint()));
            REQUIRE(value.varint() == (1 << 3 | 2));
            head.tag = value.take(value.varint());
            REQUIRE(value.varint() == (2 << 3 | 5));
            head.value = value.number<float>();
            CHECK(value.ended());
            scalars.push_back(head);
          }
          break;
        }
        default:
          FAIL("a field that is not known");
      }
    }
    CHECK(version == (first ? "brain.Event:2" : ""));
  }
  return scalars;
}

TEST_CASE("CRC-32C is that of the specification") {
  const std::string digits = "123456789";
  CHECK(crc32c(std::as_bytes(std::span(digits))) == 0xe3069283);
  CHECK(crc32c_by_bits(digits) == 0xe3069283);
}

TEST_CASE("an event file has framed, checked records of scalars") {
  const TemporaryDirectory folder;
  RowFile events = make_event_file(folder / "events", 1000, metrics_rows(sample_log(), "test"));
  events.append(metrics_row(TrainRow{1234567, 0.5, 12.5, 1e-3, 9}));
  const std::vector<Scalar> scalars = read_events(read_file(folder / "events"));
  REQUIRE(scalars.size() == 3 * 3 + 4 * 2);
  const auto check = [&](std::size_t i, const char* tag, std::int64_t step, double time, float value) {
    CAPTURE(i);
    CHECK(scalars[i].tag == tag);
    CHECK(scalars[i].step == step);
    CHECK(scalars[i].time == time);
    CHECK(scalars[i].value == value);
  };
  check(0, "train/cross_entropy", 10, 1001.5, 2.5f);
  check(1, "train/error_percent", 10, 1001.5, 90);
  check(2, "train/learning_rate", 10, 1001.5, 0.1f);
  check(3, "test/cross_entropy", 15, 1001.5, 2.25f);
  check(6, "test_average/error_percent", 15, 1001.5, 84);
  check(14, "train/cross_entropy", 1234567, 1009, 0.5f);
}

}  // namespace
}  // namespace revnet
