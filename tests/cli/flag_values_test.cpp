#include "cli/flag_values.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <string>

using namespace backstay;
using namespace backstay::cli;

TEST_CASE("A header is a name, a colon and a value without the blanks around it") {
    const auto header = parse_header("X-Trace:  a: b \t");
    REQUIRE(header);
    CHECK(header->name == "X-Trace");
    CHECK(header->value == "a: b");
    CHECK(parse_header("X-Empty:")->value.empty());
}

TEST_CASE("What cannot be sent as a header is refused with a reason") {
    CHECK(parse_header("X-Trace").error() == "this is not a header: it has no colon; write 'Name: value'");
    for (const std::string text : {": v", "X Trace: v", "X-Trace : v", "X-Trace: a\r\nInjected: b"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_header(text));
    }
}

TEST_CASE("An address is given for a host and port, IPv6 with or without brackets") {
    const auto v4 = parse_resolve("api.example.com:8443:127.0.0.1");
    REQUIRE(v4);
    CHECK(v4->host == "api.example.com");
    CHECK(v4->port == 8443);
    CHECK(v4->address == "127.0.0.1");
    CHECK(parse_resolve("h:443:[::1]")->address == "::1");
    CHECK(parse_resolve("h:443:::1")->address == "::1");
    const auto v6_host = parse_resolve("[fe80::1]:443:127.0.0.1");
    REQUIRE(v6_host);
    CHECK(v6_host->host == "fe80::1");
    for (const char* const text : {"", "h", "h:443", "h:0:127.0.0.1", "h:65536:127.0.0.1", "h::127.0.0.1",
                                   ":443:127.0.0.1", "[::1:443:127.0.0.1", "h:443:localhost", "h:443:"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_resolve(text));
    }
}

TEST_CASE("Each jitter has a name, and a wrong one is answered with all of them") {
    CHECK(parse_jitter("none") == Jitter::none);
    CHECK(parse_jitter("decorrelated_v2") == Jitter::decorrelated_v2);
    CHECK(parse_jitter("wild").error() == "\"wild\" is not a jitter; write one of none, full, equal, "
                                          "proportional, decorrelated, decorrelated_v2");
}

TEST_CASE("A number is decimal, whole and in range") {
    CHECK(parse_number<int>("7") == 7);
    CHECK(parse_number<int>("-1") == -1);
    CHECK(parse_number<std::uint64_t>("18446744073709551615") == 18446744073709551615U);
    CHECK(parse_number<int>("0", 1).error() == "\"0\" is not a whole number from 1 to 2147483647");
    for (const char* const text : {"", "x", "1x", "1.5", " 1", "99999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_number<int>(text));
    }
    CHECK_FALSE(parse_number<std::uint16_t>("65536"));
}

TEST_CASE("A body after @ is what the file holds") {
    CHECK(text_or_file("{\"name\":\"@\"}") == "{\"name\":\"@\"}");
    const auto content = text_or_file(std::string("@") + BACKSTAY_TEST_DATA + "/framing.jsonl");
    REQUIRE(content);
    CHECK(content->size() > 1000);
    CHECK(text_or_file("@/nowhere/body.json").error() ==
          "\"/nowhere/body.json\" cannot be read: No such file or directory");
    CHECK(text_or_file(std::string("@") + BACKSTAY_TEST_DATA).error() ==
          std::string("\"") + BACKSTAY_TEST_DATA + "\" cannot be read: Is a directory");
}
