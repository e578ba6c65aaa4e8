// Text that may come from anywhere (files, command line, environment), made safe to store and to print.
// Internal to lib/record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace revnet {

// Offset of the first byte that is no UTF-8 or a control character other than tab, line feed and carriage
// return; npos when there is none. What passes survives YAML and HDF5 unchanged, but for carriage returns.
std::size_t first_unprintable(std::string_view text);

// 'text' for a one-line message: unprintable bytes become ?, line breaks become spaces, long text is cut.
std::string in_quotes(std::string_view text);

// Without spaces, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace revnet
