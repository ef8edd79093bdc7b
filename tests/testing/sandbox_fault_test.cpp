#include <backstay/testing/sandbox.hpp>

#include "support/catch.hpp"
#include "testing/support/test_client.hpp"

#include <string>
#include <thread>

using namespace backstay;
using namespace std::chrono_literals;
using test::Client;

namespace {

SandboxOptions playing(const std::string& json, bool plain_http = false) {
    auto script = parse_fault_script(json);
    if (!script) {
        FAIL(script.error());
    }
    SandboxOptions options;
    options.script = std::move(*script);
    options.plain_http = plain_http;
    return options;
}

SandboxOptions playing_step(const std::string& step, bool plain_http = false) {
    return playing(R"({"routes": [{"path": "/v1/resources", "steps": [)" + step + "]}]}", plain_http);
}

const std::string get = Client::request("GET", "/v1/resources");

} // namespace

TEST_CASE("a scripted reply stands in for the API", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(
        R"({"status": 502, "headers": {"Content-Type": "text/html", "X-Request-Id": "proxy-1"}, "text": "<html>"})"));
    Client client(sandbox);
    const auto reply = client.ask("GET", "/v1/resources");
    CHECK(reply.status == 502);
    CHECK(reply.field("Content-Type") == "text/html");
    CHECK(reply.field("X-Request-Id") == "proxy-1");
    CHECK(reply.body == "<html>");
    CHECK(sandbox.requests().at(0).fault == "502");
    CHECK(client.ask("GET", "/v1/resources").status == 200);
}

TEST_CASE("a scripted status has the guide's body with the wait asked for", "[sandbox][faults]") {
    const Sandbox sandbox(playing(R"({"routes": [{"steps": [
        {"status": 503, "retry_after": 2}, {"status": 503, "retry_after": null}, {"status": 503}, {"status": 500},
        {"status": 503, "text": "down"}, {"status": 503, "text": "down", "retry_after": 3}]}]})"));
    Client client(sandbox);
    const std::string body =
        R"({"error":"service_unavailable","error_description":"Service is under maintenance")";
    auto reply = client.ask("GET", "/");
    CHECK(reply.field("Retry-After") == "2");
    CHECK(reply.body == body + R"(,"retry_after":2})");
    reply = client.ask("GET", "/");
    CHECK(reply.field("Retry-After").empty());
    CHECK(reply.body == body + "}");
    reply = client.ask("GET", "/");
    CHECK(reply.field("Retry-After") == "300");
    CHECK(reply.body == body + R"(,"retry_after":300})");
    reply = client.ask("GET", "/");
    CHECK(reply.body.find(R"("request_id":"req-000004")") != std::string::npos);
    CHECK(client.ask("GET", "/").field("Retry-After").empty());
    CHECK(client.ask("GET", "/").field("Retry-After") == "3");
}

TEST_CASE("raw bytes go out exactly as they are", "[sandbox][faults]") {
    const Sandbox sandbox(
        playing_step(R"({"raw": "HTTP/1.1 200 OK\nContent-Length: +3\r\n\r\nabc", "close": 1000},
                                          {"raw_base64": "AP8NCg==", "close": 1000})"));
    Client first(sandbox);
    first.send(get);
    CHECK(first.read_all() == "HTTP/1.1 200 OK\nContent-Length: +3\r\n\r\nabc");
    Client second(sandbox);
    second.send(get);
    CHECK(second.read_all() == std::string("\0\xff\r\n", 4));
    CHECK(sandbox.requests().at(0).status == 0);
    CHECK(sandbox.requests().at(0).fault == "41 raw bytes, close at byte 1000");
}

TEST_CASE("a reset sends so many bytes and then RST", "[sandbox][faults]") {
    const bool plain_http = GENERATE(false, true);
    const auto at = GENERATE(0, 1, 40);
    const Sandbox sandbox(playing_step(R"({"reset": )" + std::to_string(at) + "}", plain_http));
    Client client(sandbox);
    client.send(get);
    const std::string received = client.read_all();
    CHECK(received.size() == static_cast<std::size_t>(at));
    CHECK(std::string("HTTP/1.1 200 OK\r\nDate: ").starts_with(received.substr(0, 23)));
    CHECK(client.error() == asio::error::connection_reset);
}

TEST_CASE("a close without close_notify is a truncation that TLS notices", "[sandbox][faults]") {
    const bool notify = GENERATE(false, true);
    const Sandbox sandbox(
        playing_step(R"({"close": 20, "close_notify": )" + std::string(notify ? "true}" : "false}")));
    Client client(sandbox);
    client.send(get);
    CHECK(client.read_all().size() == 20);
    CHECK((client.error() == asio::error::eof) == notify);
    CHECK((client.error() == asio::ssl::error::stream_truncated) == !notify);
}

TEST_CASE("a stalled reply comes to an end only with the sandbox", "[sandbox][faults]") {
    Sandbox sandbox(playing_step(R"({"stall": 30})"));
    Client client(sandbox);
    client.send(get);
    CHECK(client.read(30).size() == 30);
    sandbox.stop();
    CHECK(client.read_all().empty());
    CHECK(client.error());
}

TEST_CASE("a stalled connection is given up when its client is gone", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(R"({"stall": 0})"));
    {
        Client client(sandbox);
        client.send(get);
        while (sandbox.counts().requests == 0) {
            std::this_thread::yield();
        }
    }
    while (sandbox.counts().open > 0) {
        std::this_thread::yield();
    }
    SUCCEED();
}

TEST_CASE("the API's effects happen although its reply is lost", "[sandbox][faults]") {
    const Sandbox sandbox(
        playing(R"({"routes": [{"method": "POST", "steps": [{"reset": 0}, {"status": 500, "reset": 0}]}]})"));
    for (const char* name : {"lost", "never"}) {
        Client client(sandbox);
        client.send(Client::request("POST", "/v1/resources", R"({"name":")" + std::string(name) + "\"}"));
        CHECK(client.read_all().empty());
    }
    const auto effects = sandbox.effects();
    REQUIRE(effects.size() == 1);
    CHECK(effects[0].kind == Effect::Kind::created);
    CHECK(effects[0].id == "67890");
    CHECK(sandbox.requests().size() == 2);
}

TEST_CASE("delay, pause and drip change when the bytes come, not which", "[sandbox][faults]") {
    const Sandbox sandbox(
        playing_step(R"({"delay": "5ms", "pause": {"at": 10, "for": "5ms"}, "drip": {"bytes": 7}}, {})"));
    Client client(sandbox);
    const TimePoint before = Clock::now();
    const auto slow = client.ask("GET", "/v1/resources");
    CHECK(Clock::now() - before >= 10ms);
    const auto fast = client.ask("GET", "/v1/resources");
    CHECK(slow.status == 200);
    CHECK(slow.body == fast.body);
}

TEST_CASE("a chunked reply has the chunks asked for", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(
        R"({"status": 200, "text": "abcdefghijklmnopq", "chunks": [1, 10], "headers": {"X": "y"}, "after": "close"})"));
    Client client(sandbox);
    client.send(get);
    const std::string received = client.read_all();
    CHECK(received.find("X: y\r\n") != std::string::npos);
    CHECK(received.find("Content-Length") == std::string::npos);
    CHECK(received.ends_with("Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "1\r\na\r\na\r\nbcdefghijk\r\n6\r\nlmnopq\r\n0\r\n\r\n"));
}

TEST_CASE("a length that the script gives is not corrected", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(
        R"({"status": 200, "text": "abc", "headers": {"Content-Length": "10"}, "after": "close"})"));
    Client client(sandbox);
    client.send(get);
    const std::string received = client.read_all();
    CHECK(received.find("Content-Length: 10\r\n") != std::string::npos);
    CHECK(received.ends_with("\r\n\r\nabc"));
}

TEST_CASE("a connection can be closed after a reply, announced or not", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(R"({"after": "close"}, {"after": "close_silently"})"));
    Client told(sandbox);
    CHECK(told.ask("GET", "/v1/resources").field("Connection") == "close");
    CHECK(told.read_all().empty());
    CHECK(told.error() == asio::error::eof);
    Client untold(sandbox);
    CHECK(untold.ask("GET", "/v1/resources").field("Connection").empty());
    CHECK(untold.read_all().empty());
    CHECK(untold.error() == asio::error::eof);
}

TEST_CASE("a kept-alive connection can turn out stale with the next request", "[sandbox][faults]") {
    const Sandbox sandbox(playing_step(R"({"after": "close_on_next_request"})"));
    Client client(sandbox);
    CHECK(client.ask("GET", "/v1/resources").status == 200);
    client.send(Client::request("POST", "/v1/jobs", "{}"));
    CHECK(client.read_all().empty());
    CHECK(client.error() == asio::error::eof);
    REQUIRE(sandbox.requests().size() == 2);
    CHECK(sandbox.requests()[1].fault == "closed on this request");
    CHECK(sandbox.effects().empty());
}

TEST_CASE("connections fail before any request", "[sandbox][faults]") {
    struct Row {
        const char* fault;
        bool reset;
    };
    const Row row = GENERATE(Row{"reset_after_accept", true}, Row{"close_after_accept", false},
                             Row{"reset_in_handshake", true}, Row{"close_in_handshake", false},
                             Row{"garbage_in_handshake", false});
    INFO(row.fault);
    const Sandbox sandbox(playing(R"({"connections": [{"do": ")" + std::string(row.fault) + "\"}]}"));
    Client client(sandbox);
    CHECK(client.handshake_error());
    if (row.reset) { // the peer may see the RST while it still sends
        CHECK((client.handshake_error() == asio::error::connection_reset ||
               client.handshake_error() == asio::error::broken_pipe));
    }
    CHECK(Client(sandbox).ask("GET", "/v1/resources").status == 200);
    CHECK(sandbox.requests().size() == 1);
}

TEST_CASE("the sandbox stops at once while connections stall in every state", "[sandbox][faults]") {
    Sandbox sandbox(playing(R"({"connections": [{"do": "stall_handshake"}, {"do": "stall_before_reading"}],
                                "routes": [{"path": "/stall", "steps": [{"stall": 5}]},
                                           {"path": "/delay", "steps": [{"delay": "5min"}]},
                                           {"path": "/big", "steps": [{"status": 200, "text": "x", "drip": {"bytes": 1, "every": "5min"}}]}]})"));
    Client silent = Client::bare(sandbox);
    while (sandbox.counts().open < 1) {
        std::this_thread::yield(); // the script is played in the order of arrival
    }
    Client unread(sandbox);
    REQUIRE_FALSE(unread.handshake_error());
    unread.send(get);
    Client stalled(sandbox);
    stalled.send(Client::request("GET", "/stall"));
    Client delayed(sandbox);
    delayed.send(Client::request("GET", "/delay"));
    Client dripping(sandbox);
    dripping.send(Client::request("GET", "/big"));
    Client idle(sandbox);
    CHECK(idle.ask("GET", "/v1/resources").status == 200);
    Client half(sandbox);
    half.send("GET /v1/reso");
    while (sandbox.counts().requests < 4) {
        std::this_thread::yield();
    }
    sandbox.stop(); // hangs here if one of them holds it up
    sandbox.stop();
    CHECK(sandbox.counts().open == 0);
    CHECK(sandbox.counts().requests == 4);
}
