// Text that may come from anywhere (files, command line, environment), made safe to store and to print.
// Internal to lib/record.
#pragma once

#include <string>
#include <string_view>

namespace revnet {

// 'text' for a one-line message: unprintable bytes become ?, line breaks become spaces, long text is cut.
std::string in_quotes(std::string_view text);

// Without spaces, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace revnet
