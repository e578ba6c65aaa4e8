// Small text helpers for messages.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// "12.3 MB", in powers of 1000, the units in which the literature reports memory.
std::string format_bytes(std::uint64_t bytes);

// Parses a number with an optional unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB): "8GiB", "500 MB",
// "1073741824". Throws a UsageError that begins with `origin` for anything else, and for 0.
std::uint64_t parse_bytes(std::string_view text, std::string_view origin);

// The last line that is not empty; "" if there is none.
std::string last_line(std::istream& lines);

// "80,000".
std::string format_grouped(std::int64_t number);

// "1:02:03" or "2:03".
std::string format_duration(double seconds);

// `text` in single quotes, safe in a one-line message whatever its source: unprintable bytes become ?, line
// breaks become spaces, and long text is cut.
std::string in_quotes(std::string_view text);

// The word as a shell reads it, in single quotes unless it consists of letters, digits and -_=+.,:/@% only.
std::string shell_quoted(const std::string& word);

// The text with _ for every character but letters, digits and ._-, as a part of a file's name.
std::string file_name_of(std::string text);

// The candidate at the smallest edit distance from `word`, or "" if even that one differs in more than half.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean 'batch'?)" with the nearest candidate, or "" if there is none.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// Returns what stands between the separators, empty parts included; nothing for an empty text.
std::vector<std::string> split(const std::string& text, char separator);
// "a, b, c".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace revnet
