#include "cli/base64.hpp"

#include "support/catch.hpp"

using backstay::cli::to_base64;

TEST_CASE("Base64 is as RFC 4648 section 10 shows it") {
    CHECK(to_base64("").empty());
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("foob") == "Zm9vYg==");
    CHECK(to_base64("fooba") == "Zm9vYmE=");
    CHECK(to_base64("foobar") == "Zm9vYmFy");
    CHECK(to_base64(std::string_view("\xff\x00\xfe", 3)) == "/wD+");
}
