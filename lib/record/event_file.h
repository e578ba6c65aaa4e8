// The curves of a run for TensorBoard, as an event file.
//
// The file is a row of records: length (uint64), masked CRC-32C of those 8 bytes, the bytes, masked CRC-32C
// of them, little-endian all (TensorFlow's TFRecord). Each record is an Event of
// tensorflow/core/util/event.proto: the first names the version of the format, the others hold scalars
// train/cross_entropy and so on.
#pragma once

#include <cstdint>
#include <span>

#include "record/row_file.h"

namespace revnet {

// started: when the run began, in seconds since 1970; rows tell how long after that they came, and
// evaluations count as of the row before them.
RowFile make_event_file(const std::filesystem::path& file, double started,
                        const std::vector<MetricsRow>& rows);

// CRC-32C (Castagnoli's polynomial, as in iSCSI and TFRecord).
std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace revnet
