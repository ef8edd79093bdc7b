#include <backstay/http/fields.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace backstay;

namespace {

Fields some_fields() {
    Fields fields;
    fields.add("Accept", "a");
    fields.add("X-Tag", "1");
    fields.add("accept", "b");
    return fields;
}

std::string text_of(const Fields& fields) {
    std::string text;
    for (const Field& field : fields) {
        text += field.name + '=' + field.value + ';';
    }
    return text;
}

} // namespace

TEST_CASE("fields keep order and duplicates", "[http][fields]") {
    const Fields fields = some_fields();
    CHECK(text_of(fields) == "Accept=a;X-Tag=1;accept=b;");
    CHECK(fields.size() == 3);
    CHECK_FALSE(fields.empty());
}

TEST_CASE("fields are found without regard to case, the first one first", "[http][fields]") {
    const Fields fields = some_fields();
    REQUIRE(fields.find("ACCEPT") != nullptr);
    CHECK(*fields.find("ACCEPT") == "a");
    CHECK(fields.has("x-tag"));
    CHECK(fields.find("x-ta") == nullptr);
    CHECK(fields.find("") == nullptr);
}

TEST_CASE("setting a field replaces all of that name in the first one's place", "[http][fields]") {
    Fields fields = some_fields();
    fields.set("ACCEPT", "c");
    CHECK(text_of(fields) == "Accept=c;X-Tag=1;");
    fields.set("New", "d");
    CHECK(text_of(fields) == "Accept=c;X-Tag=1;New=d;");
}

TEST_CASE("removing a field removes all of that name", "[http][fields]") {
    Fields fields = some_fields();
    fields.remove("aCCept");
    CHECK(text_of(fields) == "X-Tag=1;");
    fields.remove("absent");
    CHECK(fields.size() == 1);
}

TEST_CASE("field names compare by ASCII only", "[http][fields]") {
    CHECK(same_field_name("Content-Length", "content-LENGTH"));
    CHECK_FALSE(same_field_name("a", "ab"));
    CHECK_FALSE(same_field_name("[", "{")); // these differ by the case bit alone
    CHECK_FALSE(same_field_name("\xc4", "\xe4"));
}

TEST_CASE("a field that could break out of its line is refused", "[http][fields]") {
    CHECK_FALSE(field_fault("X-Tag", "plain, \"quoted\" \t text \xc3\xa9"));
    CHECK_FALSE(field_fault("!#$%&'*+-.^_`|~09azAZ", ""));
    CHECK_THAT(field_fault("", "x").value(), ContainsSubstring("no name"));
    for (const char* name : {"a b", "a:", "a\r\n", "a\tb", "\x7f", "caf\xc3\xa9", "a(", "a/b", "\"a\""}) {
        INFO(name);
        CHECK(field_fault(name, "x").has_value());
    }
    for (int byte = 0; byte < 256; ++byte) {
        const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        const std::string value = std::string("a") + static_cast<char>(byte) + "b";
        INFO(byte);
        CHECK(field_fault("X", value).has_value() == control);
    }
}

TEST_CASE("a field's fault names the byte but never the value", "[http][fields]") {
    const std::string fault = field_fault("Authorization", "Bearer hunter2\r\nX: y").value();
    CHECK_THAT(fault, ContainsSubstring("Authorization") && ContainsSubstring("a CR at position 15"));
    CHECK_THAT(fault, !ContainsSubstring("hunter2"));
}

TEST_CASE("credentials are secret, and what the user names", "[http][fields]") {
    for (const char* name : {"authorization", "Proxy-Authorization", "COOKIE", "set-cookie"}) {
        CHECK(is_secret_field(name));
    }
    CHECK_FALSE(is_secret_field("X-Api-Key"));
    CHECK(is_secret_field("X-Api-Key", {"x-api-key"}));
}
