#include "http/request_writer.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <string>

using namespace backstay;

namespace {

Request request(std::string method, std::string_view url = "https://api.example.com/v1/x?a=1") {
    return {std::move(method), *Url::parse(url)};
}

const std::string user_agent = std::string("User-Agent: backstay/") + BACKSTAY_VERSION + "\r\n";

} // namespace

TEST_CASE("a bodyless GET is a request line, Host and User-Agent", "[http][request_writer]") {
    CHECK(request_head(request("GET")).value() ==
          "GET /v1/x?a=1 HTTP/1.1\r\nHost: api.example.com\r\n" + user_agent + "\r\n");
}

TEST_CASE("Host comes first and names a port that is not the scheme's", "[http][request_writer]") {
    Request made = request("GET", "http://[::1]:8080");
    made.fields.add("Accept", "*/*");
    made.fields.add("accept", "text/plain");
    CHECK(request_head(made).value() ==
          "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nAccept: */*\r\naccept: text/plain\r\n" + user_agent +
              "\r\n");
}

TEST_CASE("a body is announced by its length, an absent one where it is expected", "[http][request_writer]") {
    Request post = request("POST");
    post.body = "{\"id\":1}";
    CHECK_THAT(request_head(post).value(), ContainsSubstring("\r\nContent-Length: 8\r\n"));
    for (const char* method : {"POST", "PUT", "PATCH"}) {
        CHECK_THAT(request_head(request(method)).value(), ContainsSubstring("\r\nContent-Length: 0\r\n"));
    }
    for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
        CHECK_THAT(request_head(request(method)).value(), !ContainsSubstring("Content-Length"));
    }
    Request get = request("GET");
    get.body = "x";
    CHECK_THAT(request_head(get).value(), ContainsSubstring("\r\nContent-Length: 1\r\n"));
}

TEST_CASE("a User-Agent that is set stays alone", "[http][request_writer]") {
    Request made = request("GET");
    made.fields.add("user-agent", "mine/1");
    CHECK(request_head(made).value() ==
          "GET /v1/x?a=1 HTTP/1.1\r\nHost: api.example.com\r\nuser-agent: mine/1\r\n\r\n");
}

TEST_CASE("nothing can be injected through any part of a request", "[http][request_writer]") {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string evil = std::string("a") + static_cast<char>(byte) + "X-Evil: 1";
        Request by_method = request("GET");
        by_method.method = evil;
        CHECK_FALSE(request_head(by_method)); // the blank alone is no token's

        Request by_name = request("GET");
        by_name.fields.add(evil, "1");
        CHECK_FALSE(request_head(by_name));

        Request by_value = request("GET");
        by_value.fields.add("X", evil);
        Request by_query = request("GET", "https://h/");
        by_query.url.add_query(evil, evil);
        for (const Request& made : {by_value, by_query}) {
            if (const auto head = request_head(made)) {
                INFO(byte);
                CHECK(head->find("\nX-Evil") == std::string::npos);
                const auto lines = std::count(head->begin(), head->end(), '\n');
                CHECK(lines == (made.fields.empty() ? 4 : 5));
                CHECK(std::count(head->begin(), head->end(), '\r') == lines);
            }
        }
    }
}

TEST_CASE("gzip is asked for only when it is to be, and an Expect never sent", "[http][request_writer]") {
    CHECK_THAT(request_head(request("GET"), true).value(),
               ContainsSubstring("\r\nAccept-Encoding: gzip\r\n"));
    Request post = request("POST");
    post.body.assign(1'000'000, 'x');
    CHECK_THAT(request_head(post).value(),
               !ContainsSubstring("Accept-Encoding") && !ContainsSubstring("Expect"));
    post.fields.add("Expect", "100-continue");
    CHECK_THAT(request_head(post).error(), ContainsSubstring("Expect is written by the transport"));
}
