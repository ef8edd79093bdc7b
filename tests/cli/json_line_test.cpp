#include "cli/json_line.hpp"

#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

TEST_CASE("JSON text is quoted, escaped and on one line") {
    CHECK(json_text("a\"b\\c\n") == R"("a\"b\\c\n")");
    CHECK(json_text("") == R"("")");
    CHECK(json_text_or_null("") == "null");
    CHECK(json_text_or_null("x") == R"("x")");
}

TEST_CASE("Text that is UTF-8 stays so, other bytes are read as Latin-1") {
    CHECK(json_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
    CHECK(json_text("caf\xe9") == "\"caf\xc3\xa9\"");
    for (const std::string broken : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
                                     "\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
        INFO(broken.size() << " bytes that are no UTF-8");
        CHECK(boost::json::parse(json_text(broken)).is_string()); // the parser checks UTF-8
    }
}

TEST_CASE("Durations are numbers without needless digits") {
    CHECK(json_milliseconds(0s) == "0");
    CHECK(json_milliseconds(3100us) == "3.1");
    CHECK(json_milliseconds(1234567ns) == "1.235");
    CHECK(json_milliseconds(2s) == "2000");
    CHECK(json_seconds(Duration{300s}) == "300");
    CHECK(json_seconds(Duration{1500ms}) == "1.5");
    CHECK(json_seconds(std::nullopt) == "null");
}

TEST_CASE("An object keeps the order in which its members were added") {
    JsonObject object;
    CHECK(object.text() == "{}");
    object.add("z", "1").add("a", json_list(std::vector<std::string>{"x", "y"}, json_text));
    CHECK(object.text() == R"({"z":1,"a":["x","y"]})");
    CHECK(json_list(std::vector<std::string>{}, json_text) == "[]");
}
