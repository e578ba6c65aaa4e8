// Checks that text is well-formed XML, as far as revnet's pages use it: no comments, CDATA or processing
// instructions.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace revnet::testing {

namespace xml {

constexpr std::string_view name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";

// Text between tags or in an attribute may contain no < and & only in the five entities or a character
// reference.
inline bool is_plain(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '<') return false;
    if (text[at] != '&') continue;
    const std::string_view entity = text.substr(at, text.find(';', at) - at);
    const bool reference = entity.substr(0, 2) == "&#" && entity.size() > 2 &&
                           entity.find_first_not_of("0123456789", 2) == std::string_view::npos;
    if (!reference && entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot")
      return false;
  }
  return true;
}

// What is wrong with `NAME="VALUE" ...`, or "".
inline std::string attributes_error(std::string_view text) {
  std::set<std::string_view> names;
  while (!text.empty()) {
    if (text.front() != ' ' && text.front() != '\n') return "attributes that are not apart";
    const std::size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return "";
    const std::size_t equals = text.find_first_not_of(name_characters, begin);
    if (equals == std::string_view::npos || text.substr(equals, 2) != "=\"")
      return "an attribute without value";
    const std::string_view name = text.substr(begin, equals - begin);
    if (!names.insert(name).second) return "attribute " + std::string(name) + " twice";
    const std::size_t end = text.find('"', equals + 2);
    if (end == std::string_view::npos) return "an open quote";
    if (!is_plain(text.substr(equals + 2, end - equals - 2))) return "markup in " + std::string(name);
    text.remove_prefix(end + 1);
  }
  return "";
}

}  // namespace xml

// The first error and its place. "" if the text is one element (after an optional DOCTYPE) with matching
// tags, quoted attributes, and every & and < escaped.
inline std::string xml_error(std::string_view text) {
  const auto is_blank = [](std::string_view part) {
    return part.find_first_not_of(" \n") == std::string_view::npos;
  };
  std::vector<std::string> open;
  std::size_t at = 0, elements = 0;
  if (text.substr(0, 9) == "<!DOCTYPE") at = text.find('>') + 1;
  while (at < text.size()) {
    const std::size_t tag = std::min(text.find('<', at), text.size());
    const std::string_view between = text.substr(at, tag - at);
    if (!xml::is_plain(between)) return "a bare & in: " + std::string(between);
    if (open.empty() && !is_blank(between)) return "text outside of the root: " + std::string(between);
    if (tag == text.size()) break;
    const std::size_t close = text.find('>', tag);
    if (close == std::string_view::npos) return "an open tag";
    std::string_view inside = text.substr(tag + 1, close - tag - 1);
    at = close + 1;
    if (inside.substr(0, 1) == "/") {
      if (open.empty() || open.back() != inside.substr(1))
        return "unpaired </" + std::string(inside.substr(1)) + ">";
      open.pop_back();
      continue;
    }
    const bool empty = !inside.empty() && inside.back() == '/';
    if (empty) inside.remove_suffix(1);
    const std::string name(inside.substr(0, inside.find_first_not_of(xml::name_characters)));
    if (name.empty()) return "a tag without name: " + std::string(inside);
    if (open.empty() && elements++ > 0) return "a second root: " + name;
    const std::string wrong = xml::attributes_error(inside.substr(name.size()));
    if (!wrong.empty()) return wrong + " in <" + std::string(inside) + ">";
    if (!empty) open.push_back(name);
  }
  if (!open.empty()) return "<" + open.back() + "> is not closed";
  return elements == 1 ? "" : "no element";
}

}  // namespace revnet::testing
