// Small text helpers for messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

// "12.3 MB" (powers of 1000, as the paper's peers report memory).
std::string format_bytes(std::uint64_t bytes);

// "1:02:03" or "2:03".
std::string format_duration(double seconds);

// The candidate with the smallest edit distance to word, or "" when none comes near (more than half differs).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "a, b, c".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace revnet
