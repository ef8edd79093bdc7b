#include "cli/command_line.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

using namespace backstay;
using namespace backstay::cli;
using namespace std::chrono_literals;

namespace {

CallArguments call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "call");
    auto parsed = parse_command_line(std::move(arguments));
    INFO((parsed ? std::string() : parsed.error()));
    REQUIRE(parsed);
    return std::get<CallArguments>(std::move(*parsed));
}

std::string complaint(std::vector<std::string> arguments) {
    const auto parsed = parse_command_line(std::move(arguments));
    REQUIRE_FALSE(parsed);
    return parsed.error();
}

} // namespace

TEST_CASE("A call needs nothing but a URL") {
    const CallArguments arguments = call({"https://h/x"});
    CHECK(arguments.url == "https://h/x");
    CHECK(arguments.method.empty());
    CHECK_FALSE(arguments.body);
    CHECK(arguments.repeat == 1);
    CHECK(arguments.concurrency == 1);
    CHECK_FALSE(arguments.max_attempts);
    CHECK_FALSE(arguments.json);
}

TEST_CASE("Every flag of a call is read") {
    const CallArguments arguments = call({"-X",
                                          "PUT",
                                          "https://h/x",
                                          "-H",
                                          "A: 1",
                                          "-H",
                                          "B: [2,3]",
                                          "-d",
                                          "[1, 2]",
                                          "--cacert",
                                          "ca.pem",
                                          "--resolve",
                                          "h:443:127.0.0.1",
                                          "--resolve",
                                          "h:444:[::1]",
                                          "--max-attempts",
                                          "5",
                                          "--retry-unsafe",
                                          "--base-delay",
                                          "250ms",
                                          "--max-delay",
                                          "2s",
                                          "--jitter",
                                          "equal",
                                          "--max-server-wait",
                                          "5min",
                                          "--connect-timeout",
                                          "1s",
                                          "--attempt-timeout",
                                          "2s",
                                          "--total-timeout",
                                          "1h",
                                          "--no-breaker",
                                          "--no-budget",
                                          "--idempotency-key",
                                          "auto",
                                          "--bearer-env",
                                          "TOKEN",
                                          "--max-body",
                                          "1024",
                                          "--repeat",
                                          "5",
                                          "--concurrency",
                                          "2",
                                          "--seed",
                                          "42",
                                          "--raw",
                                          "--json",
                                          "-v"});
    CHECK(arguments.url == "https://h/x");
    CHECK(arguments.method == "PUT");
    REQUIRE(arguments.headers.size() == 2);
    CHECK(arguments.headers[1].name == "B");
    CHECK(arguments.headers[1].value == "[2,3]");
    CHECK(arguments.body == "[1, 2]");
    CHECK(arguments.ca_file == "ca.pem");
    REQUIRE(arguments.resolve_overrides.size() == 2);
    CHECK(arguments.resolve_overrides[1].address == "::1");
    CHECK(arguments.max_attempts == 5);
    CHECK(arguments.retry_unsafe);
    CHECK(arguments.base_delay == Duration{250ms});
    CHECK(arguments.max_delay == Duration{2s});
    CHECK(arguments.jitter == Jitter::equal);
    CHECK(arguments.max_server_wait == Duration{5min});
    CHECK(arguments.connect_timeout == Duration{1s});
    CHECK(arguments.attempt_timeout == Duration{2s});
    CHECK(arguments.total_timeout == Duration{1h});
    CHECK(arguments.no_breaker);
    CHECK(arguments.no_budget);
    CHECK(arguments.idempotency_key == "auto");
    CHECK(arguments.bearer_variable == "TOKEN");
    CHECK(arguments.max_body == 1024U);
    CHECK(arguments.repeat == 5);
    CHECK(arguments.concurrency == 2);
    CHECK(arguments.seed == 42U);
    CHECK(arguments.raw);
    CHECK(arguments.json);
    CHECK(arguments.verbose);
}

TEST_CASE("A mistake is named with its flag and what is allowed") {
    CHECK(complaint({"call", "https://h", "--base-delay", "5 parsecs"}) ==
          "--base-delay: \"5 parsecs\" is not a duration; write 250ms, 2s or 5min");
    CHECK(complaint({"call", "https://h", "--repeat", "0"}) ==
          "--repeat: \"0\" is not a whole number from 1 to 2147483647");
    CHECK(complaint({"call", "https://h", "--max-attempts", "abc"}) ==
          "--max-attempts: \"abc\" is not a whole number from 0 to 2147483647");
    CHECK(complaint({"call", "https://h", "-d", "@/nowhere/body"}) ==
          "--data: \"/nowhere/body\" cannot be read: No such file or directory");
    CHECK(complaint({"serve", "--port", "65536"}) ==
          "--port: \"65536\" is not a whole number from 0 to 65535");
    CHECK(complaint({"explain", "--preset", "heroic"}) ==
          "--preset: \"heroic\" is not a preset; write standard, standard_hedged, single or patient");
}

TEST_CASE("An empty value is a mistake, and does not mean that the flag was not given") {
    for (const std::string flag : {"--request", "--cacert", "--bearer-env", "--idempotency-key"}) {
        CHECK(complaint({"call", "https://h", flag, ""}) == flag + ": its value is empty");
    }
    for (const std::string flag : {"--script", "--log"}) {
        CHECK(complaint({"serve", flag, ""}) == flag + ": its value is empty");
    }
    CHECK(call({"https://h", "-d", ""}).body == "");
}

TEST_CASE("What does not fit together or is not known names itself") {
    const std::initializer_list<std::pair<std::vector<std::string>, const char*>> cases{
        {{"call"}, "URL is required"},
        {{"call", "--bogus"}, "--bogus"}, // rather than the URL that is missing too
        {{"--bogus"}, "--bogus"},
        {{"call", ""}, "URL: its value is empty"},
        {{}, "subcommand is required"},
        {{"call", "https://h", "--frobnicate"}, "--frobnicate"},
        {{"call", "https://h", "https://i"}, "https://i"},
        {{"call", "https://h", "--no-retry", "--max-attempts", "2"}, "--max-attempts"},
        {{"call", "https://h", "--base-delay"}, "--base-delay"},
        {{"call", "https://h", "-H", "no colon"}, "--header"},
        {{"call", "https://h", "--resolve", "h:1"}, "--resolve"},
        {{"frobnicate"}, "frobnicate"}};
    for (const auto& [arguments, name] : cases) {
        CHECK_THAT(complaint(arguments), ContainsSubstring(name));
    }
}

TEST_CASE("Help and version are text, not mistakes") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--help"}, {"call", "--help"}, {"serve", "-h"}, {"--version"}}) {
        const auto parsed = parse_command_line(arguments);
        REQUIRE(parsed);
        CHECK_FALSE(std::get<Text>(*parsed).text.empty());
    }
    const auto help = parse_command_line({"call", "--help"});
    CHECK_THAT(std::get<Text>(*help).text, ContainsSubstring("--base-delay"));
}
