// Text that may come from anywhere (files, command line, folder names), looked at before it is kept or shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace revnet {

// Bytes in the UTF-8 character at the front of text, which is not empty; 0 when that is none, or a control
// character other than tab, line feed and carriage return.
std::size_t printable_length(std::string_view text);

// Offset of the first byte that is no UTF-8 or an unwelcome control character; npos when there is none. What
// passes survives YAML, HDF5 and XML unchanged, but for carriage returns.
std::size_t first_unprintable(std::string_view text);

// For HTML and XML, between tags or in an attribute: & < > " ' as entities, unprintable bytes as ?.
std::string escape_xml(std::string_view text);

// The text with ? for each unprintable byte, and spaces for line breaks and tabs.
std::string one_line(std::string_view text);

}  // namespace revnet
