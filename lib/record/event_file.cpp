#include "record/event_file.h"

#include <array>
#include <bit>
#include <string_view>

namespace revnet {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> crc32c_table = make_crc32c_table();

std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// TFRecord masks its checksums, so that those of bytes that hold checksums are not special.
std::string masked_checksum(std::string_view bytes) {
  const std::uint32_t checksum = crc32c(std::as_bytes(std::span(bytes)));
  return little_endian(std::rotr(checksum, 15) + 0xa282ead8u, 4);
}

std::string record(const std::string& bytes) {
  const std::string length = little_endian(bytes.size(), 8);
  return length + masked_checksum(length) + bytes + masked_checksum(bytes);
}

// Fields of protocol buffers: a key of number and wire type, then the value.
enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7f) | 0x80);
  return text + static_cast<char>(value);
}

std::string key(unsigned field, Wire wire) {
  return varint(field << 3 | static_cast<unsigned>(wire));
}

std::string bytes_field(unsigned field, std::string_view bytes) {
  return key(field, Wire::bytes) + varint(bytes.size()) + std::string(bytes);
}

// Event.wall_time and Event.step.
std::string event_head(double wall_time, std::int64_t step) {
  return key(1, Wire::fixed64) + little_endian(std::bit_cast<std::uint64_t>(wall_time), 8) +
         key(2, Wire::varint) + varint(static_cast<std::uint64_t>(step));
}

// Summary.value of a tag and a simple_value.
std::string scalar(const std::string& tag, double value) {
  return bytes_field(1, bytes_field(1, tag) + key(2, Wire::fixed32) +
                            little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4));
}

class EventEncoder {
 public:
  explicit EventEncoder(double started) : started_(started) {}

  std::string operator()(const MetricsRow& row) {
    if (row.seconds) seconds_ = *row.seconds;
    std::string summary = scalar(row.set + "/cross_entropy", row.cross_entropy) +
                          scalar(row.set + "/error_percent", row.error_percent);
    if (row.learning_rate) summary += scalar(row.set + "/learning_rate", *row.learning_rate);
    return record(event_head(started_ + seconds_, row.iteration) + bytes_field(5, summary));
  }

 private:
  double started_, seconds_ = 0;
};

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  std::uint32_t value = ~0u;
  for (const std::byte byte : bytes) {
    value = (value >> 8) ^ crc32c_table[(value ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  }
  return ~value;
}

RowFile make_event_file(const std::filesystem::path& file, double started,
                        const std::vector<MetricsRow>& rows) {
  return {file, record(event_head(started, 0) + bytes_field(3, "brain.Event:2")), EventEncoder(started),
          rows};
}

}  // namespace revnet
