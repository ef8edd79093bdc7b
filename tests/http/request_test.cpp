#include <backstay/http/request.hpp>

#include "support/catch.hpp"

#include <string>

using namespace backstay;

namespace {

Request request(std::string method) {
    return {std::move(method), *Url::parse("https://h/x")};
}

} // namespace

TEST_CASE("an ordinary request has no fault", "[http][request]") {
    for (const char* method : {"GET", "POST", "PATCH", "M-SEARCH", "TRACE"}) {
        Request made = request(method);
        made.fields.add("Accept", "application/json");
        CHECK_FALSE(made.fault());
    }
}

TEST_CASE("a method that is no token is refused", "[http][request]") {
    CHECK_THAT(request("").fault().value(), ContainsSubstring("empty"));
    CHECK_THAT(request("GET /evil HTTP/1.1\r\n").fault().value(), ContainsSubstring("a space"));
    CHECK_THAT(request("GET\r\n").fault().value(), ContainsSubstring("a CR"));
    CHECK_THAT(request(std::string("G\0T", 3)).fault().value(), ContainsSubstring("0x00"));
}

TEST_CASE("methods whose exchange could not be read are refused", "[http][request]") {
    CHECK_THAT(request("CONNECT").fault().value(), ContainsSubstring("tunnel"));
    Request trace = request("TRACE");
    trace.body = "x";
    CHECK_THAT(trace.fault().value(), ContainsSubstring("no body"));
}

TEST_CASE("fields that say where a message ends must not be set by hand", "[http][request]") {
    for (const char* name : {"Host", "content-length", "TRANSFER-ENCODING", "Connection", "Keep-Alive", "TE",
                             "Trailer", "Upgrade", "Expect", "Proxy-Connection"}) {
        Request made = request("POST");
        made.fields.add(name, "1");
        INFO(name);
        CHECK_THAT(made.fault().value(), ContainsSubstring("written by the transport"));
    }
}

TEST_CASE("a field that could inject is refused without showing its value", "[http][request]") {
    Request made = request("GET");
    made.fields.add("Authorization", "Bearer hunter2\r\nX-Evil: 1");
    CHECK_THAT(made.fault().value(), ContainsSubstring("Authorization") && !ContainsSubstring("hunter2"));
}

TEST_CASE("idempotent methods are those of RFC 9110", "[http][request]") {
    for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
        CHECK(is_idempotent(method));
    }
    for (const char* method : {"POST", "PATCH", "get", "CONNECT", "", "PROPFIND"}) {
        CHECK_FALSE(is_idempotent(method));
    }
}
