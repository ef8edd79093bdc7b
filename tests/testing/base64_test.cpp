#include "testing/base64.hpp"

#include "support/catch.hpp"

#include <utility>

using namespace backstay;

TEST_CASE("base64 is as RFC 4648 section 10 shows it, both ways", "[base64]") {
    const std::pair<std::string, std::string> cases[]{{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {std::string("\xff\x00\xfe", 3), "/wD+"}};
    for (const auto& [bytes, text] : cases) {
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == bytes);
    }
}

TEST_CASE("what is no base64 is not decoded", "[base64]") {
    for (const char* const text : {"a", "Zg=", "Zg", "Zm9-", "Z===", "Zm9v Zm9v"}) {
        CHECK_FALSE(from_base64(text));
    }
}
