// Small text helpers for messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// "12.3 MB" (powers of 1000, as the paper's peers report memory).
std::string format_bytes(std::uint64_t bytes);

// "8GiB", "500 MB", "1073741824": a number and an optional unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB).
// UsageError that begins with `origin` for anything else, and for 0.
std::uint64_t parse_bytes(std::string_view text, std::string_view origin);

// "80,000".
std::string format_grouped(std::int64_t number);

// "1:02:03" or "2:03".
std::string format_duration(double seconds);

// 'text' for a one-line message, wherever the text comes from: unprintable bytes become ?, line breaks become
// spaces, long text is cut.
std::string in_quotes(std::string_view text);

// The candidate with the smallest edit distance to word, or "" when none comes near (more than half differs).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean 'batch'?)" with the nearest candidate, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// "a, b, c".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace revnet
