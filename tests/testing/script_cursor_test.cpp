#include <backstay/testing/detail/script_cursor.hpp>

#include "support/catch.hpp"

#include <string>

using namespace backstay;
using detail::sandbox::path_matches;
using detail::sandbox::ScriptCursor;

namespace {

FaultStep status(int code, int times = 1) {
    FaultStep step{.times = times};
    step.reply = ScriptedReply{.status = code};
    return step;
}

/// The statuses of so many requests in a row, `api` for the API's own.
std::string played(ScriptCursor& cursor, int requests, const char* method = "GET", const char* path = "/a") {
    std::string list;
    for (int index = 0; index < requests; ++index) {
        const auto step = cursor.next(method, path);
        list += (list.empty() ? "" : " ") + (step ? std::to_string(step->reply->status) : std::string("api"));
    }
    return list;
}

FaultScript one_route(FaultRoute::Then then) {
    FaultScript script;
    script.routes.push_back({.path = "/a", .steps = {status(500), status(503, 2)}, .then = then});
    return script;
}

} // namespace

TEST_CASE("steps are played in order, each as often as it says, then the API answers", "[script_cursor]") {
    ScriptCursor cursor(one_route(FaultRoute::Then::api));
    CHECK(played(cursor, 6) == "500 503 503 api api api");
}

TEST_CASE("a route that repeats begins again after its last step", "[script_cursor]") {
    ScriptCursor cursor(one_route(FaultRoute::Then::repeat));
    CHECK(played(cursor, 7) == "500 503 503 500 503 503 500");
}

TEST_CASE("a route may stay with its last step", "[script_cursor]") {
    ScriptCursor cursor(one_route(FaultRoute::Then::last));
    CHECK(played(cursor, 5) == "500 503 503 503 503");
}

TEST_CASE("routes keep their places apart, and the first that matches counts", "[script_cursor]") {
    FaultScript script;
    script.routes.push_back({.method = "POST", .path = "/a", .steps = {status(409), status(422)}});
    script.routes.push_back({.path = "/*", .steps = {status(500), status(502)}});
    ScriptCursor cursor(script);
    CHECK(played(cursor, 1, "POST") == "409");
    CHECK(played(cursor, 1, "GET") == "500");
    CHECK(played(cursor, 2, "POST") == "422 api");
    CHECK(played(cursor, 2, "GET", "/b") == "502 api");
}

TEST_CASE("a route without steps leaves its requests to the API", "[script_cursor]") {
    FaultScript script;
    script.routes.push_back({.path = "/a", .then = FaultRoute::Then::repeat});
    script.routes.push_back({.steps = {status(500)}, .then = FaultRoute::Then::last});
    ScriptCursor cursor(script);
    CHECK(played(cursor, 2) == "api api");
    CHECK(played(cursor, 2, "GET", "/b") == "500 500");
}

TEST_CASE("connections have a sequence of their own and are served after it", "[script_cursor]") {
    FaultScript script;
    script.connections = {{.fault = ConnectionFault::reset_after_accept, .times = 2},
                          {},
                          {.fault = ConnectionFault::stall_handshake}};
    ScriptCursor cursor(script);
    for (const ConnectionFault expected :
         {ConnectionFault::reset_after_accept, ConnectionFault::reset_after_accept, ConnectionFault::serve,
          ConnectionFault::stall_handshake, ConnectionFault::serve, ConnectionFault::serve}) {
        CHECK(cursor.next_connection() == expected);
    }
}

TEST_CASE("a path pattern matches segment by segment", "[script_cursor]") {
    struct Row {
        const char* pattern;
        const char* path;
        bool matches;
    };
    const Row rows[] = {
        {"**", "/anything/at/all", true},
        {"/v1/resources", "/v1/resources", true},
        {"/v1/resources", "/v1/resources/", false},
        {"/v1/resources", "/v1/resources/12345", false},
        {"/v1/resources/*", "/v1/resources/12345", true},
        {"/v1/resources/*", "/v1/resources", false},
        {"/v1/resources/*", "/v1/resources/", false},
        {"/v1/resources/*", "/v1/resources/1/2", false},
        {"/*/resources", "/v2/resources", true},
        {"/v1/**", "/v1/resources/12345", true},
        {"/v1/**", "/v1/", true},
        {"/v1/**", "/v1", false},
        {"/v1/**", "/v2/resources", false},
        {"/", "/", true},
        {"/", "", false},
    };
    for (const Row& row : rows) {
        INFO(row.pattern << " on " << row.path);
        CHECK(path_matches(row.pattern, row.path) == row.matches);
    }
}

TEST_CASE("a script that cannot be played is refused with its place", "[script_cursor]") {
    FaultScript never;
    never.routes.push_back({.steps = {status(500), status(503, 0)}});
    CHECK_THROWS_WITH(ScriptCursor(never),
                      "fault script: routes[0].steps[1].times is 0, it must be 1 or more");

    FaultScript both;
    both.routes.push_back({.steps = {status(500)}});
    both.routes[0].steps[0].raw = "x";
    CHECK_THROWS_WITH(ScriptCursor(both),
                      "fault script: routes[0].steps[0] has both a reply and raw bytes: choose one");

    FaultScript connection;
    connection.connections = {{.times = -1}};
    CHECK_THROWS_WITH(ScriptCursor(connection),
                      "fault script: connections[0].times is -1, it must be 1 or more");
}
