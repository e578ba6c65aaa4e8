// Validates and escapes text of unknown origin (files, command line, folder names) before it is stored or
// shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace revnet {

// Length in bytes of the UTF-8 character at the start of `text`, which must not be empty. 0 if the bytes are
// not valid UTF-8 or encode a control character other than tab, line feed and carriage return.
std::size_t printable_length(std::string_view text);

// Offset of the first byte that is not valid UTF-8 or begins a control character; npos if there is none. Text
// that passes survives YAML, HDF5 and XML unchanged, except for carriage returns.
std::size_t first_unprintable(std::string_view text);

// Escapes text for HTML and XML, in content or attributes: & < > " ' become entities, unprintable bytes
// become ?.
std::string escape_xml(std::string_view text);

// Replaces each unprintable byte by ?, and line breaks and tabs by spaces.
std::string one_line(std::string_view text);

}  // namespace revnet
