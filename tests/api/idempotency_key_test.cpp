#include <backstay/api/idempotency_key.hpp>

#include "support/catch.hpp"

#include <set>

using namespace backstay;

TEST_CASE("A fresh key is a UUID of version 4") {
    const auto key = random_uuid();
    REQUIRE(key);
    REQUIRE(key->size() == 36);
    for (std::size_t i = 0; i < key->size(); ++i) {
        const char c = (*key)[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            CHECK(c == '-');
        } else {
            CHECK(((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')));
        }
    }
    CHECK((*key)[14] == '4');
    CHECK(std::string_view{"89ab"}.find((*key)[19]) != std::string_view::npos);
}

TEST_CASE("No two keys are alike, and every random bit is used") {
    std::set<std::string> keys;
    std::set<char> digits;
    for (int i = 0; i < 1'000; ++i) {
        const auto key = random_uuid().value();
        keys.insert(key);
        digits.insert(key.begin(), key.end());
    }
    CHECK(keys.size() == 1'000);
    CHECK(digits.size() == 17); // sixteen digits and the dash
}

TEST_CASE("A key is sent as a structured-field string") {
    CHECK(quoted_key("8e03978e") == "\"8e03978e\"");
    CHECK(quoted_key(R"(a"b\c d)") == R"("a\"b\\c d")");
}

TEST_CASE("A key that a structured field cannot hold is refused") {
    CHECK_FALSE(quoted_key(""));
    CHECK_FALSE(quoted_key("a\r\nb"));
    CHECK_FALSE(quoted_key("tab\t"));
    CHECK_FALSE(quoted_key("\x7f"));
    CHECK_FALSE(quoted_key("caf\xc3\xa9"));
}
