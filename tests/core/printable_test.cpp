#include "core/printable.hpp"

#include "support/catch.hpp"

using backstay::detail::printable;

TEST_CASE("words in any script are shown as they are") {
    const std::string words =
        "caf\xc3\xa9 \xe2\x82\xac \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xf0\x9f\x98\x80 \xc2\xa0 ~";
    CHECK(printable(words) == words);
    CHECK(printable("").empty());
}

TEST_CASE("what steers a terminal, ends a line or turns the direction becomes a space") {
    for (const std::string steering :
         {"\n", "\r", "\t", "\x1b", "\x7f", "\xc2\x80", "\xc2\x85", "\xc2\x9b", "\xc2\x9f", "\xd8\x9c",
          "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xae",
          "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
        CHECK(printable("a" + steering + "b") == "a b");
    }
    CHECK(printable(std::string_view("a\0b", 3)) == "a b");
}

TEST_CASE("a byte that is no UTF-8 becomes a question mark, so that no other encoding gives it a meaning") {
    CHECK(printable("a\x9b"
                    "31m") == "a?31m");
    CHECK(printable("caf\xe9") == "caf?");
    CHECK(printable("\xe2\x80") == "??");
}
