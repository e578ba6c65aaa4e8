// Files through POSIX calls, the only ones that say what a crash leaves behind and why a call failed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "system/file_descriptor.h"
#include "system/file_error.h"

namespace revnet {

// A FileError with the message of file_failure() (system/file_descriptor.h), of kind missing for ENOENT,
// else io.
FileError io_error(const std::string& action, const std::filesystem::path& path, int error);
// Makes a folder, and those above it. Throws FileError.
void make_folders(const std::filesystem::path& folder);

// PATH.tmp, where replace_file() builds the new file.
std::filesystem::path temporary_path(const std::filesystem::path& path);

// Replaces the file by `bytes` in one step: whoever opens `path`, even after a power cut, finds either the
// whole old file or the whole new one. On return the new one is on the disk. On failure, the temporary file
// is removed and the old file unchanged, unless only syncing the folder has failed: then the new file is in
// place, but a power cut may undo that. Discards a stale temporary file.
void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

// The last step of replace_file(), for a temporary file that someone else has written and closed.
void move_into_place(const std::filesystem::path& temporary, const std::filesystem::path& path);

// replace_file() for text.
void replace_text_file(const std::filesystem::path& path, std::string_view text);

// Returns the whole file (or pipe) of settings. Throws FileError if it has more than 1 MiB: no such file
// comes near.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace revnet
