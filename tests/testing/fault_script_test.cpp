#include <backstay/testing/fault_script.hpp>

#include "support/catch.hpp"
#include "testing/support/temp_file.hpp"

#include <fstream>
#include <iterator>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

FaultScript parsed(const std::string& json) {
    auto script = parse_fault_script(json);
    INFO(json);
    if (!script) {
        FAIL(script.error());
    }
    return *script;
}

FaultStep step(const std::string& json) {
    return parsed(R"({"routes":[{"steps":[)" + json + "]}]}").routes.at(0).steps.at(0);
}

std::string error_of(const std::string& json) {
    const auto script = parse_fault_script(json);
    return script ? "accepted" : script.error();
}

std::string step_error(const std::string& json) {
    return error_of(R"({"routes":[{"steps":[)" + json + "]}]}");
}

} // namespace

TEST_CASE("an empty script changes nothing", "[fault_script]") {
    const FaultScript script = parsed("{}");
    CHECK(script.connections.empty());
    CHECK(script.routes.empty());
}

TEST_CASE("routes, sequences and what follows them are read", "[fault_script]") {
    const FaultScript script = parsed(R"({
        "connections": [{"do": "reset_after_accept", "times": 2}, {"do": "stall_before_reading"}],
        "routes": [
            {"method": "GET", "path": "/v1/resources/*", "steps": [{"status": 500, "times": 3}, {}], "then": "repeat"},
            {"steps": [{"raw": "HTTP/1.1 200\r\n\r\n"}]}
        ]})");
    REQUIRE(script.connections.size() == 2);
    CHECK(script.connections[0].fault == ConnectionFault::reset_after_accept);
    CHECK(script.connections[0].times == 2);
    CHECK(script.connections[1].fault == ConnectionFault::stall_before_reading);
    REQUIRE(script.routes.size() == 2);
    CHECK(script.routes[0].method == "GET");
    CHECK(script.routes[0].path == "/v1/resources/*");
    CHECK(script.routes[0].then == FaultRoute::Then::repeat);
    REQUIRE(script.routes[0].steps.size() == 2);
    CHECK(script.routes[0].steps[0].reply->status == 500);
    CHECK(script.routes[0].steps[0].times == 3);
    CHECK_FALSE(script.routes[0].steps[1].reply);
    CHECK(script.routes[1].method == "*");
    CHECK(script.routes[1].path == "**");
    CHECK(script.routes[1].then == FaultRoute::Then::api);
    CHECK(script.routes[1].steps[0].raw == "HTTP/1.1 200\r\n\r\n");
}

TEST_CASE("a reply is read with its fields, body and wait", "[fault_script]") {
    const auto reply = [](const std::string& json) { return step(json).reply.value(); };
    CHECK_FALSE(reply(R"({"status": 503})").body);
    CHECK(reply(R"({"status": 503, "text": ""})").body == "");
    CHECK(reply(R"({"status": 200, "json": {"data": [1, null]}})").body == R"({"data":[1,null]})");
    CHECK(reply(R"({"status": 200, "base64": "AP9h"})").body == std::string("\0\xff"
                                                                            "a",
                                                                            3));
    CHECK(reply(R"({"status": 503, "retry_after": 2})").retry_after == 2s);
    CHECK_FALSE(reply(R"({"status": 503})").without_wait);
    CHECK(reply(R"({"status": 503, "retry_after": null})").without_wait);

    const Fields fields = reply(R"({"status": 200, "headers": {"A": "1", "B": ["2", "3"]}})").fields;
    std::string list;
    for (const Field& field : fields) {
        list += field.name + "=" + field.value + " ";
    }
    CHECK(list == "A=1 B=2 B=3 ");
}

TEST_CASE("what happens to a reply's bytes is read", "[fault_script]") {
    const FaultStep full =
        step(R"({"delay": "250ms", "pause": [{"at": 9, "for": "1.5s"}, {"at": 4, "for": "2min"}],
        "drip": {"bytes": 3, "every": "10ms"}, "chunks": [1, 5], "close": 40, "close_notify": false,
        "after": "close_silently"})");
    CHECK(full.delay == 250ms);
    REQUIRE(full.pauses.size() == 2);
    CHECK(full.pauses[0].at_byte == 4);
    CHECK(full.pauses[0].duration == 2min);
    CHECK(full.pauses[1].duration == 1500ms);
    CHECK(full.drip.bytes == 3);
    CHECK(full.drip.every == 10ms);
    CHECK(full.chunks == std::vector<std::size_t>{1, 5});
    CHECK(full.cut.kind == Cut::Kind::close);
    CHECK(full.cut.at_byte == 40);
    CHECK_FALSE(full.cut.close_notify);
    CHECK(full.after == AfterReply::close_silently);

    CHECK(step(R"({"reset": 0})").cut.kind == Cut::Kind::reset);
    CHECK(step(R"({"stall": 7})").cut.kind == Cut::Kind::stall);
    CHECK(step(R"({"close": 7})").cut.close_notify);
    CHECK(step(R"({"raw_base64": "AAECAw=="})").raw == std::string("\0\1\2\3", 4));
    CHECK(step(R"({"pause": {"for": "1h"}})").pauses[0].duration == 1h);
}

TEST_CASE("an error names the place and what is allowed there", "[fault_script]") {
    struct Row {
        const char* json;
        const char* error;
    };
    const Row rows[] = {
        {R"({"delay": "5 parsecs"})", R"(delay: "5 parsecs" is not a duration; write 250ms, 2s or 5min)"},
        {R"({"delay": 250})", R"(delay: 250 is not a duration; write 250ms, 2s or 5min)"},
        {R"({"delay": "-1s"})", R"(delay: "-1s" is not a duration; write 250ms, 2s or 5min)"},
        {R"({"delay": "s"})", R"(delay: "s" is not a duration; write 250ms, 2s or 5min)"},
        {R"({"delay": "1e3s"})", R"(delay: "1e3s" is not a duration; write 250ms, 2s or 5min)"},
        {R"({"delay": "999999999h"})", R"(delay: "999999999h" is too long; write at most 2000000h)"},
        {R"({"status": 99})", "status: 99 is not a whole number from 200 to 999"},
        {R"({"status": "200"})", R"(status: "200" is not a whole number from 200 to 999)"},
        {R"({"status": 200, "text": 5})", "text: 5 is not a string"},
        {R"({"status": 200, "base64": "a"})", "base64: is not base64"},
        {R"({"status": 200, "headers": []})", "headers: [] is not an object"},
        {R"({"status": 200, "headers": {"A": ["1", 2]}})", "headers.A[1]: 2 is not a string"},
        {R"({"status": 503, "retry_after": -1})",
         "retry_after: -1 is not a whole number from 0 to 2147483647"},
        {R"({"reset": -1})", "reset: -1 is not a whole number from 0 to 2147483647"},
        {R"({"reset": 1.5})", "reset: 1.5E0 is not a whole number from 0 to 2147483647"},
        {R"({"chunks": [1, 0]})", "chunks[1]: 0 is not a whole number from 1 to 2147483647"},
        {R"({"chunks": 4})", "chunks: 4 is not a list"},
        {R"({"times": 0})", "times: 0 is not a whole number from 1 to 1000000"},
        {R"({"close": 1, "close_notify": "no"})", R"(close_notify: "no" is neither true nor false)"},
        {R"({"after": "keep"})",
         R"(after: "keep" is none of keep_alive, close, close_silently, close_on_next_request)"},
        {R"({"pause": {"at": 3}})", R"(pause: "for" is missing: say how long, for example 250ms)"},
        {R"({"pause": {"at": 3, "during": "1s"}})", R"(pause: unknown key "during"; allowed are at, for)"},
        {R"({"drip": {"bytes": 0}})", "drip.bytes: 0 is not a whole number from 1 to 2147483647"},
    };
    for (const Row& row : rows) {
        INFO(row.json);
        CHECK(step_error(row.json) == std::string("fault script: routes[0].steps[0].") + row.error);
    }
}

TEST_CASE("an unknown key is refused with the list of those that there are", "[fault_script]") {
    CHECK(error_of(R"({"route": []})") ==
          R"(fault script: unknown key "route"; allowed are connections, routes)");
    CHECK(error_of(R"({"routes": [{"verb": "GET", "steps": []}]})") ==
          R"(fault script: routes[0]: unknown key "verb"; allowed are method, path, steps, then)");
    CHECK(step_error(R"({"staus": 200})")
              .find(R"(routes[0].steps[0]: unknown key "staus"; allowed are status, )") != std::string::npos);
}

TEST_CASE("keys that exclude or need each other are refused", "[fault_script]") {
    const std::string place = "fault script: routes[0].steps[0]: ";
    CHECK(step_error(R"({"status": 200, "raw": "x"})") == place + R"("status" and "raw" exclude each other)");
    CHECK(step_error(R"({"status": 200, "text": "x", "json": 1})") ==
          place + R"("text" and "json" exclude each other)");
    CHECK(step_error(R"({"reset": 1, "stall": 1})") == place + R"("reset" and "stall" exclude each other)");
    CHECK(step_error(R"({"text": "x"})") ==
          place + R"("text" needs "status": without it the API's own reply is sent)");
    CHECK(step_error(R"({"raw": "x", "chunks": [1]})") == place + R"("chunks" does not go with raw bytes)");
    CHECK(step_error(R"({"reset": 1, "close_notify": false})") ==
          place + R"("close_notify" goes with "close" only)");
}

TEST_CASE("routes and connections are checked", "[fault_script]") {
    CHECK(error_of("[]") == "fault script: [] is not an object");
    CHECK(error_of(R"({"routes": [{"path": "/a"}]})") ==
          R"(fault script: routes[0]: "steps" is missing: say what is to be done, as a list)");
    CHECK(error_of(R"({"routes": [{"path": "v1", "steps": []}]})") ==
          R"(fault script: routes[0].path: "v1" does not begin with a slash)");
    CHECK(error_of(R"({"routes": [{"steps": [], "then": "stop"}]})") ==
          R"(fault script: routes[0].then: "stop" is none of api, repeat, last)");
    CHECK(error_of(R"({"connections": [{}]})") ==
          R"(fault script: connections[0]: "do" is missing: say what is to be done to the connection)");
    CHECK(error_of(R"({"connections": [{"do": "explode"}]})")
              .find(R"(connections[0].do: "explode" is none of serve, reset_after_accept, )") !=
          std::string::npos);
}

TEST_CASE("text that is no JSON is refused with line and column", "[fault_script]") {
    CHECK(error_of("{\n  \"routes\": [,]\n}").find("fault script: not JSON at line 2, column ") == 0);
    CHECK(error_of("{} {}") == "fault script: not JSON at line 1, column 4: something follows the end");
    CHECK(error_of("").find("fault script: not JSON at line 1, column 1: ") == 0);
}

TEST_CASE("a script is loaded from a file, and an error begins with its name", "[fault_script]") {
    const test::TempFile file;
    const std::string& path = file.path();
    CHECK(load_fault_script(path).error() == path + ": cannot be read: No such file or directory");
    std::ofstream(path) << R"({"routes": [{"steps": [{"status": 503}]}]})";
    CHECK(load_fault_script(path)->routes.size() == 1);
    std::ofstream(path) << R"({"routs": []})";
    CHECK(load_fault_script(path).error().find(path + ": fault script: unknown key") == 0);
}

TEST_CASE("the example in the documentation is a script", "[fault_script]") {
    std::ifstream file(BACKSTAY_TEST_DATA "/../../docs/fault_script.md");
    const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::size_t begin = page.find("```json\n") + 8;
    REQUIRE(begin > 8);
    const FaultScript script = parsed(page.substr(begin, page.find("```", begin) - begin));
    CHECK(script.connections.size() == 1);
    CHECK(script.routes.at(0).steps.size() == 3);
}

TEST_CASE("a step is told in words", "[fault_script]") {
    CHECK(to_string(FaultStep()).empty());
    CHECK(to_string(step(R"({"status": 503, "delay": "250ms", "reset": 20})")) ==
          "503 after 250 ms, reset at byte 20");
    CHECK(to_string(step(R"({"raw": "abc", "close": 1, "close_notify": false})")) ==
          "3 raw bytes, close at byte 1 without close_notify");
    CHECK(to_string(step(R"({"after": "close_on_next_request"})")) == "close on the next request");
    CHECK(to_string(ConnectionFault::stall_handshake) == "stall_handshake");
}
