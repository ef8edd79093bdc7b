#include "cli/call_plan.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

namespace {

CallArguments to(std::string url) {
    CallArguments arguments;
    arguments.url = std::move(url);
    return arguments;
}

std::string complaint(const CallArguments& arguments) {
    const auto plan = plan_call(arguments);
    REQUIRE_FALSE(plan);
    return plan.error();
}

} // namespace

TEST_CASE("A URL is parted into the client's base and the call's target") {
    const auto plan = plan_call(to("https://api.example.com:8443/v1/resources?limit=2"));
    REQUIRE(plan);
    CHECK(plan->client.base_url == "https://api.example.com:8443");
    CHECK(plan->target == "/v1/resources?limit=2");
    CHECK(plan->method == "GET");
    CHECK(plan->most_attempts == 3);
    CHECK_FALSE(plan->body.present());
}

TEST_CASE("A body implies POST and JSON, unless it is said otherwise") {
    CallArguments arguments = to("https://h/x");
    arguments.body = "{}";
    CHECK(plan_call(arguments)->method == "POST");
    CHECK(plan_call(arguments)->body.content_type() == "application/json");
    CHECK(plan_call(arguments)->body.bytes() == "{}");
    arguments.method = "PATCH";
    arguments.headers = {{"content-type", "text/plain"}};
    CHECK(plan_call(arguments)->method == "PATCH");
    CHECK(plan_call(arguments)->body.content_type().empty());
}

TEST_CASE("What the library would refuse is a mistake of the flag that set it") {
    using Case = std::pair<void (*)(CallArguments&), const char*>;
    const std::initializer_list<Case> cases{
        {[](CallArguments& a) { a.url = "example.com/x"; }, "URL: "},
        {[](CallArguments& a) { a.url = "https://h/a b"; }, "URL: "},
        {[](CallArguments& a) { a.max_attempts = -1; }, "--max-attempts is -1, allowed is 0"},
        {[](CallArguments& a) { a.total_timeout = 0s; }, "--total-timeout is 0 s, allowed is"},
        {[](CallArguments& a) { a.attempt_timeout = 0s; }, "--attempt-timeout is 0 s, allowed is"},
        {[](CallArguments& a) { a.attempt_timeout = 1min; }, "--attempt-timeout is 1 min"},
        {[](CallArguments& a) { a.attempt_timeout = a.total_timeout = 2'000'000h; },
         "--attempt-timeout is 2000000 h, allowed is 4380 h or shorter"},
        {[](CallArguments& a) {
             a.max_delay = 1ms;
             a.base_delay = 2ms;
         },
         "--max-delay is 1 ms, allowed is --base-delay, 2 ms, or longer"},
        {[](CallArguments& a) { a.bearer_variable = "BACKSTAY_NO_SUCH_VARIABLE"; },
         "--bearer-env: the environment has no variable BACKSTAY_NO_SUCH_VARIABLE"},
        {[](CallArguments& a) { a.idempotency_key = "\xc3\xa4"; }, "--idempotency-key: "},
        {[](CallArguments& a) { a.method = "GE T"; }, "--request: "},
        {[](CallArguments& a) { a.headers = {{"Content-Length", "3"}}; }, "--header: "},
        {[](CallArguments& a) { a.headers = {{"idempotency-key", "k"}}; },
         "--header: write --idempotency-key "}};
    for (const auto& [change, beginning] : cases) {
        CallArguments arguments = to("https://h/x");
        change(arguments);
        const std::string text = complaint(arguments);
        INFO(text << " should begin with " << beginning);
        CHECK(text.starts_with(beginning));
    }
}

TEST_CASE("A default gives way to what was asked for") {
    CallArguments arguments = to("https://h/x");
    SECTION("a total shorter than an attempt's default shortens the attempt") {
        arguments.total_timeout = 2s;
    }
    SECTION("a first delay longer than the default cap raises the cap") {
        arguments.base_delay = 30s;
    }
    SECTION("a cap shorter than the default first delay lowers that") {
        arguments.max_delay = 100ms;
    }
    SECTION("attempts as long as a breaker can count") {
        arguments.attempt_timeout = 4'380h;
        arguments.total_timeout = 10'000h;
    }
    SECTION("long attempts lengthen the breaker's window") {
        arguments.attempt_timeout = 1min;
        arguments.total_timeout = 10min;
    }
    CHECK(plan_call(arguments));
}

TEST_CASE("Zero attempts mean no limit, and no retry means one") {
    CallArguments arguments = to("https://h/x");
    arguments.max_attempts = 0;
    CHECK(plan_call(arguments)->most_attempts == 0);
    arguments.max_attempts.reset();
    arguments.no_retry = true;
    CHECK(plan_call(arguments)->most_attempts == 1);
}

TEST_CASE("A bearer token comes from the environment and never shows in a name") {
    ::setenv("BACKSTAY_TEST_TOKEN", "s3cret", 1);
    CallArguments arguments = to("https://h/x");
    arguments.bearer_variable = "BACKSTAY_TEST_TOKEN";
    const auto plan = plan_call(arguments);
    REQUIRE(plan);
    CHECK(plan->client.bearer.current() == "s3cret");
    CHECK(plan->client.credential == "BACKSTAY_TEST_TOKEN");
    ::unsetenv("BACKSTAY_TEST_TOKEN");
}
