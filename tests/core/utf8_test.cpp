#include "core/utf8.hpp"

#include "support/catch.hpp"

#include <string>

using namespace backstay;
using namespace backstay::detail;

TEST_CASE("UTF-8 sequences are measured, anything else is none") {
    CHECK(utf8_length("a") == 1);
    CHECK(utf8_length("\xc3\xa4") == 2);
    CHECK(utf8_length("\xe2\x82\xac") == 3);
    CHECK(utf8_length("\xf0\x9f\x98\x80") == 4);
    CHECK(utf8_length("") == 0);
    CHECK(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
    for (const std::string broken : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                                     "\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
        CHECK(utf8_length(broken) == 0);
        CHECK_FALSE(is_utf8("a" + broken));
    }
}

TEST_CASE("A text is cut between characters") {
    const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    const std::size_t wanted[]{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (std::size_t most = 0; most < 12; ++most) {
        CHECK(utf8_prefix(text, most).size() == wanted[most]);
    }
}

TEST_CASE("Bytes that are no UTF-8 are cut where it was asked for") {
    CHECK(utf8_prefix(std::string(10, '\x80'), 5).size() == 5);
    CHECK(utf8_prefix(std::string(10, '\xff'), 5).size() == 5);
}
