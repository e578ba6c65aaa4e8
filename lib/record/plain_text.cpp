#include "record/plain_text.h"

#include "base/utf8.h"

namespace revnet {

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string result = "'";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = printable_length(text.substr(at));
    if (at + length > longest) return result + "...'";
    if (length == 0) {
      result += '?';
    } else if (length == 1 && static_cast<unsigned char>(text[at]) < 0x20) {
      result += ' ';
    } else {
      result += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return result + "'";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

}  // namespace revnet
