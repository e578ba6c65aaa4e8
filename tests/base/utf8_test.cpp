#include "base/utf8.h"

#include <doctest/doctest.h>

namespace revnet {
namespace {

TEST_CASE("characters have their UTF-8 length, and invalid bytes have none") {
  CHECK(printable_length("a") == 1);
  CHECK(printable_length("\n") == 1);
  CHECK(printable_length("\u00e9") == 2);
  CHECK(printable_length("\u20ac") == 3);
  CHECK(printable_length("\U0001f600") == 4);
  for (const char* wrong : {"\x01", "\x7f", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xef\xbf\xbf", "\xff"}) {
    CAPTURE(wrong);
    CHECK(printable_length(wrong) == 0);
  }
}

TEST_CASE("the first unprintable byte is found") {
  CHECK(first_unprintable("") == std::string_view::npos);
  CHECK(first_unprintable("a\tb\u00e9") == std::string_view::npos);
  CHECK(first_unprintable("a\u00e9\x02z") == 3);
}

TEST_CASE("text is made one printable line") {
  CHECK(one_line("a b") == "a b");
  CHECK(one_line("a\nb\r\tc\x1b_\xff") == "a b  c?_?");
  CHECK(one_line("\u20ac") == "\u20ac");
  CHECK(one_line("") == "");
}

TEST_CASE("text escaped for XML has no markup and no forbidden bytes") {
  CHECK(escape_xml("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  CHECK(escape_xml("r\u00e9seau") == "r\u00e9seau");
  CHECK(escape_xml("\x01\xff<") == "??&lt;");
  CHECK(escape_xml("") == "");
}

}  // namespace
}  // namespace revnet
