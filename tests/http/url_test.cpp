#include <backstay/http/url.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace backstay;

namespace {

Url url(std::string_view text) {
    auto parsed = Url::parse(text);
    INFO(text << ": " << (parsed ? "" : parsed.error()));
    REQUIRE(parsed);
    return *parsed;
}

std::string text_of(const expected<Url, std::string>& made) {
    return made ? made->to_string() : "error: " + made.error();
}

} // namespace

TEST_CASE("a URL is taken apart into origin and target", "[http][url]") {
    const Url plain = url("https://api.example.com/v1/x?a=1&b=%20");
    CHECK(plain.origin() == Origin{"https", "api.example.com", 443});
    CHECK(plain.target() == "/v1/x?a=1&b=%20");
    CHECK(plain.host_field() == "api.example.com");
    CHECK(plain.to_string() == "https://api.example.com/v1/x?a=1&b=%20");
    CHECK(plain.origin().to_string() == "https://api.example.com:443");
    CHECK(plain.origin().secure());

    const Url local = url("HTTP://LocalHost:8080");
    CHECK(local.origin() == Origin{"http", "localhost", 8080});
    CHECK(local.target() == "/");
    CHECK(local.host_field() == "localhost:8080");
    CHECK_FALSE(local.origin().secure());
}

TEST_CASE("a URL's parts get one spelling", "[http][url]") {
    struct Case {
        std::string_view text;
        std::string_view want;
    };
    const std::vector<Case> cases = {
        {"https://h:443/x", "https://h/x"},
        {"http://h:80/x", "http://h/x"},
        {"https://h:80/x", "https://h:80/x"},
        {"https://h:/x", "https://h/x"},
        {"https://h:00443/x", "https://h/x"},
        {"https://h:65535/", "https://h:65535/"},
        {"https://h/x#part", "https://h/x"},
        {"https://h?q", "https://h/?q"},
        {"https://h/?", "https://h/?"},
        {"https://H.Example.COM/CaSe", "https://h.example.com/CaSe"},
        {"https://[::1]:8443/x", "https://[::1]:8443/x"},
        {"https://[0:0:0:0:0:0:0:1]/", "https://[::1]/"},
        {"https://[2001:DB8::A]/", "https://[2001:db8::a]/"},
        {"https://127.0.0.1/", "https://127.0.0.1/"},
        {"https://h//double//slash", "https://h//double//slash"},
        {"https://h/a/../b", "https://h/a/../b"},
    };
    for (const Case& each : cases) {
        CHECK(text_of(Url::parse(each.text)) == each.want);
    }
    CHECK(url("https://[::1]:8443/x").origin() == Origin{"https", "::1", 8443});
    CHECK(url("https://[::1]:8443/x").origin().to_string() == "https://[::1]:8443");
}

TEST_CASE("what is no URL is refused with what was wrong", "[http][url]") {
    struct Case {
        std::string text;
        std::string says;
    };
    const std::vector<Case> cases = {
        {"https://user@h/", "user information"},
        {"https://user:secret@h/", "user information"},
        {"https://@h/", "user information"},
        {"https://h/a b", "a space at position 12"},
        {"https://h/a\r\nX: y", "a CR"},
        {"https://h/a\n", "an LF"},
        {std::string("https://h/\0", 11), "the byte 0x00"},
        {"https://h/\x7f", "the byte 0x7f"},
        {"https://h/caf\xc3\xa9", "the byte 0xc3"},
        {"https://h\\@evil/", "the character `\\`"},
        {"https://h/a\\b", "the character `\\`"},
        {"https://h/\"", "the character `\"`"},
        {"https://h/{id}", "the character `{`"},
        {"https://h/%", "two hexadecimal digits"},
        {"https://h/%2", "two hexadecimal digits"},
        {"https://h/%zz", "two hexadecimal digits"},
        {"https:///x", "no host"},
        {"https://:443/x", "no host"},
        {"https:x", "no host"},
        {"https://h:0/", "port is 0"},
        {"https://h:65536/", "port is 65536"},
        {"https://h:99999999999999999999/", "port is 99999999999999999999"},
        {"https://h:8a/", "no absolute URL"},
        {"ftp://h/", "scheme is ftp"},
        {"httpsx://h/", "scheme is httpsx"},
        {"file:///etc/passwd", "scheme is file"},
        {"", "no absolute URL"},
        {"h/x", "no absolute URL"},
        {"//h/x", "no absolute URL"},
        {"https://h/a[b", "no absolute URL"},
        {"https://[::1/", "no absolute URL"},
        {"https://[::g]/", "no absolute URL"},
        {"https://a%2eb/", "host has the character `%`"},
        {"https://a,b/", "host has the character `,`"},
        {"https://[v1.x]/", "host has the character `[`"},
        {"https://" + std::string(254, 'a') + "/", "longer than 253"},
    };
    for (const Case& each : cases) {
        const auto parsed = Url::parse(each.text);
        INFO(each.text);
        REQUIRE_FALSE(parsed);
        CHECK_THAT(parsed.error(), ContainsSubstring(each.says));
        CHECK(parsed.error().find("secret") == std::string::npos);
    }
}

TEST_CASE("a path is joined behind the base's path", "[http][url]") {
    struct Case {
        std::string_view base;
        std::string_view path;
        std::string_view want;
    };
    const std::vector<Case> cases = {
        {"https://h/v1", "/resources", "https://h/v1/resources"},
        {"https://h/v1/", "/resources", "https://h/v1/resources"},
        {"https://h/v1", "resources", "https://h/v1/resources"},
        {"https://h", "/resources/12345", "https://h/resources/12345"},
        {"https://h/", "resources", "https://h/resources"},
        {"https://h/v1", "", "https://h/v1"},
        {"https://h/v1", "/", "https://h/v1/"},
        {"https://h/v1", "/x?a=1", "https://h/v1/x?a=1"},
        {"https://h/v1", "?a=1", "https://h/v1?a=1"},
        {"https://h/v1?key=k", "/x", "https://h/v1/x?key=k"},
        {"https://h/v1?key=k", "/x?a=1", "https://h/v1/x?key=k&a=1"},
        {"https://h/v1", "//other/x", "https://h/v1//other/x"},
        {"https://h", "//other/x", "https://h//other/x"},
        {"https://h/v1", "/x?next=../y", "https://h/v1/x?next=../y"},
        {"https://h/v1", "/a:b@c", "https://h/v1/a:b@c"},
        {"https://h:8443/v1", "@evil", "https://h:8443/v1/@evil"},
    };
    for (const Case& each : cases) {
        INFO(each.base << " + " << each.path);
        CHECK(text_of(url(each.base).join(each.path)) == each.want);
    }
}

TEST_CASE("a path that could leave the base or lose its end is refused", "[http][url]") {
    const Url base = url("https://h/v1");
    for (const char* path : {"/..", "/../admin", "/a/../../b", "..", "/./x", "/%2e%2E/admin", "/.%2e/x"}) {
        INFO(path);
        CHECK_THAT(text_of(base.join(path)), ContainsSubstring("segment"));
    }
    CHECK_THAT(text_of(base.join("/a#b")), ContainsSubstring("`#`"));
    CHECK_THAT(text_of(base.join("/a b")), ContainsSubstring("a space"));
    CHECK_THAT(text_of(base.join("/a\r\nX: y")), ContainsSubstring("a CR"));
    CHECK_THAT(text_of(base.join("/...")), !ContainsSubstring("error"));
}

TEST_CASE("an encoded slash is a slash to some servers: dot segments beside it are refused", "[http][url]") {
    const Url base = url("https://h/v1");
    for (const char* const path :
         {"/a%2f..%2fb", "/a%2F%2e%2E", "/..%2Fadmin", "/a/%5c..", "/a%5C..%5cb", "/.%2f"}) {
        INFO(path);
        CHECK_THAT(text_of(base.join(path)), ContainsSubstring("segment"));
    }
    for (const char* const path : {"/a%2Fb", "/a..%2Fb", "/a%5Cb", "/%2e%2e%2e"}) {
        INFO(path);
        CHECK(text_of(base.join(path)) == "https://h/v1" + std::string(path));
    }
}

TEST_CASE("an identifier is one segment of a path, whatever it holds", "[http][url]") {
    CHECK(path_segment("12345-a.b_c~") == "12345-a.b_c~");
    CHECK(path_segment("a/b?c#d e%\xc3\xa4") == "a%2Fb%3Fc%23d%20e%25%C3%A4");
    const Url base = url("https://h/v1");
    CHECK(text_of(base.join("/r/" + path_segment("a/b"))) == "https://h/v1/r/a%2Fb");
    CHECK_THAT(text_of(base.join("/r/" + path_segment("../admin"))), ContainsSubstring("segment"));
}

TEST_CASE("a server's link is resolved by RFC 3986", "[http][url]") {
    struct Case {
        std::string_view link;
        std::string_view want;
    };
    const std::vector<Case> cases = {
        {"/v1/resources/67890", "https://a/v1/resources/67890"},
        {"g", "https://a/b/c/g"},
        {"./g/", "https://a/b/c/g/"},
        {"//other/x", "https://other/x"},
        {"?y", "https://a/b/c/d;p?y"},
        {"g?y#s", "https://a/b/c/g?y"},
        {"#s", "https://a/b/c/d;p?q"},
        {"", "https://a/b/c/d;p?q"},
        {".", "https://a/b/c/"},
        {"..", "https://a/b/"},
        {"../x", "https://a/b/x"},
        {"../../g", "https://a/g"},
        {"../../../g", "https://a/g"},
        {"../../../..", "https://a/"},
        {"/./g", "https://a/g"},
        {"/../g", "https://a/g"},
        {"/..//x", "https://a//x"},
        {"g/./h", "https://a/b/c/g/h"},
        {"g/../h", "https://a/b/c/h"},
        {"g..", "https://a/b/c/g.."},
        {"g?y/../x", "https://a/b/c/g?y/../x"},
        {"http://z:81/a/../b", "http://z:81/b"},
        {"HTTPS://A:443/x", "https://a/x"},
    };
    for (const Case& each : cases) {
        INFO(each.link);
        CHECK(text_of(url("https://a/b/c/d;p?q").resolve(each.link)) == each.want);
    }
    CHECK(text_of(url("https://h:8443/v1").resolve("/v1/resources/67890")) ==
          "https://h:8443/v1/resources/67890");
    CHECK(text_of(url("https://[::1]:8443/v1").resolve("x")) == "https://[::1]:8443/x");
}

TEST_CASE("a link that leads to no URL is refused", "[http][url]") {
    const Url base = url("https://h/v1");
    CHECK_THAT(text_of(base.resolve("mailto:someone@example.com")), ContainsSubstring("scheme is mailto"));
    CHECK_THAT(text_of(base.resolve("javascript:alert(1)")), ContainsSubstring("scheme is javascript"));
    CHECK_THAT(text_of(base.resolve("//user@other/")), ContainsSubstring("user information"));
    CHECK_THAT(text_of(base.resolve("/a b")), ContainsSubstring("a space"));
    CHECK_THAT(text_of(base.resolve("\\\\other\\x")), ContainsSubstring("`\\`"));
    CHECK_THAT(text_of(base.resolve("/x\r\n")), ContainsSubstring("a CR"));
    CHECK_THAT(text_of(base.resolve("//")), ContainsSubstring("no host"));
    CHECK_THAT(text_of(base.resolve("a[b")), ContainsSubstring("no URL"));
}

TEST_CASE("query parameters are added percent-encoded", "[http][url]") {
    Url made = url("https://h/x");
    made.add_query("q", "a b&c=d/\xc3\xa9\r\n");
    made.add_query("k&", "");
    CHECK(made.target() == "/x?q=a%20b%26c%3Dd%2F%C3%A9%0D%0A&k%26=");
    Url open = url("https://h/x?");
    open.add_query("a", "1");
    CHECK(open.target() == "/x?a=1");
}

TEST_CASE("a redacted URL shows no query value", "[http][url]") {
    CHECK(url("https://h:8443/x?token=secret&q=a=b&secret&e=&").redacted() ==
          "https://h:8443/x?token=***&q=***&***&e=***&");
    CHECK(url("https://h/x").redacted() == "https://h/x");
    CHECK(url("https://h/x?").redacted() == "https://h/x?");
}
