// Files through POSIX calls, because only they can promise what a crash leaves behind and say why they
// failed. Internal to lib/record, but for write_text_file_atomically (record/run_directory.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "record/record_error.h"
#include "system/file_descriptor.h"

namespace revnet {

// The error of file_failure (system/file_descriptor.h): of kind missing for ENOENT, else io.
RecordError io_error(const std::string& action, const std::filesystem::path& path, int error);

// What survives what: a file swapped by rename is whole after the process is killed; synced, after a power
// cut too.
enum class Durability { process_crash, power_loss };

// PATH.tmp, where replace_file builds the new file.
std::filesystem::path temporary_path(const std::filesystem::path& path);

// Replaces path by bytes in one step: whoever opens path at any moment finds the whole old or the whole new
// file. On failure the temporary file is gone and path is as it was. A stale temporary file is thrown away.
void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes, Durability durability);

// Does the last of that with a temporary file that somebody else has written and closed.
void move_into_place(const std::filesystem::path& temporary, const std::filesystem::path& path,
                     Durability durability);

// The whole file (or pipe), if it has no more than limit bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace revnet
