#include "cli/call_report_json.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

namespace {

CallReport report_of_success() {
    Reply<boost::json::value> reply;
    reply.status = 200;
    reply.links = {{"self", "/v1/resources/12345"}};
    reply.headers.add("Content-Type", "application/json");
    reply.headers.add("X-Tag", "a");
    reply.headers.add("x-tag", "b");
    reply.request_id = "req-1";
    reply.attempts = {{.number = 1,
                       .kind = FailureKind::service_unavailable,
                       .status = 503,
                       .waited = 97us, // between the call's beginning and the attempt's
                       .duration = 3100us,
                       .request_id = "req-0",
                       .retry_after = Duration{1s},
                       .hint_source = "header",
                       .remote = "127.0.0.1:8443"},
                      {.number = 2,
                       .status = 200,
                       .waited = 1050ms,
                       .duration = 2ms,
                       .request_id = "req-1",
                       .reused = true,
                       .remote = "127.0.0.1:8443"}};
    reply.data = {{"id", "12345"}};
    return {.method = "GET",
            .url = "https://127.0.0.1:8443/v1/resources/12345",
            .elapsed = 1055ms,
            .result = std::move(reply)};
}

CallReport report_of(ApiError error) {
    return {
        .index = 4, .method = "POST", .url = "https://h/x", .elapsed = 1ms, .result = fail(std::move(error))};
}

} // namespace

TEST_CASE("A success is one object whose members stand in the documented order") {
    CHECK(
        to_json_line(report_of_success()) ==
        R"({"schema":1,"index":0,"ok":true,"method":"GET","url":"https://127.0.0.1:8443/v1/resources/12345",)"
        R"("status":200,"data":{"id":"12345"},"links":{"self":"/v1/resources/12345"},"request_id":"req-1",)"
        R"("headers":{"content-type":["application/json"],"x-tag":["a","b"]},"attempts":[)"
        R"({"number":1,"kind":"service_unavailable","status":503,"waited_ms":0,"duration_ms":3.1,)"
        R"("request_id":"req-0","retry_after_s":1,"hint_source":"header","reused":false,"remote":"127.0.0.1:8443"},)"
        R"({"number":2,"kind":null,"status":200,"waited_ms":1050,"duration_ms":2,)"
        R"("request_id":"req-1","retry_after_s":null,"hint_source":null,"reused":true,"remote":"127.0.0.1:8443"}],)"
        R"("elapsed_ms":1055})");
}

TEST_CASE("An error says all that is known, and null for what does not apply") {
    const ApiError refused{refusal(FailureKind::circuit_open, RefusedBy::circuit_breaker, 4500ms)};
    std::string line = to_json_line(report_of(refused));
    const std::size_t advice = line.find("\"advice\":[");
    const std::size_t message = line.find("],\"message\":", advice);
    REQUIRE(message != std::string::npos);
    line.erase(advice + 10, message - advice - 10);
    CHECK(
        line ==
        R"({"schema":1,"index":4,"ok":false,"method":"POST","url":"https://h/x","error":{"kind":"circuit_open",)"
        R"("status":null,"code":null,"description":null,"details":null,"request_id":null,"retry_after_s":4.5,)"
        R"("stop_reason":null,"certainty":"refused","refused_by":"circuit_breaker","idempotency_key":null,)"
        R"("advice":[],"message":null},"attempts":[],"elapsed_ms":1})");
}

TEST_CASE("An error's details are a list of fields where they can be read, else what the server sent") {
    const Failure failure{.kind = FailureKind::bad_request, .reach = Reach::answered, .status = 400};
    const ApiError readable{failure,
                            {.details = {{"email", "Invalid email format"}},
                             .details_json = R"({"field":"email","issue":"Invalid email format"})"}};
    CHECK_THAT(to_json_line(report_of(readable)),
               ContainsSubstring(R"("details":[{"field":"email","message":"Invalid email format"}])"));
    const ApiError strange{failure, {.details_json = R"("no idea")"}};
    CHECK_THAT(to_json_line(report_of(strange)), ContainsSubstring(R"("details":"no idea")"));
    const ApiError partly{failure,
                          {.details = {{"email", "missing"}},
                           .details_json = R"([{"field":"email","message":"missing"},{"code":7}])"}};
    CHECK_THAT(to_json_line(report_of(partly)),
               ContainsSubstring(R"("details":[{"field":"email","message":"missing"},{"code":7}])"));
}

TEST_CASE("A raw body is in base64, and its member is there only when it was asked for") {
    CallReport report = report_of_success();
    CHECK_THAT(to_json_line(report), !ContainsSubstring("body_base64"));
    report.raw = true;
    CHECK_THAT(to_json_line(report), ContainsSubstring(R"("body_base64":null)"));
    report.body = "<html>";
    report.result->data = nullptr;
    CHECK_THAT(to_json_line(report), ContainsSubstring(R"("data":null)"));
    CHECK_THAT(to_json_line(report), ContainsSubstring(R"("body_base64":"PGh0bWw+")"));
}
