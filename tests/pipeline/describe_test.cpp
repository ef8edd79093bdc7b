#include <backstay/pipeline/describe.hpp>

#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/retry.hpp>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace backstay;
using namespace std::chrono_literals;
using Stages = std::vector<StageDescription>;

const StageDescription total{.name = "total timeout", .settings = "30 s", .total_limit = 30s};
const StageDescription attempt{.name = "attempt timeout", .settings = "8 s", .total_limit = 8s};
const StageDescription retry{
    .name = "retry", .settings = "3 attempts", .most_attempts = 3, .longest_wait = 1s, .amplification = 1.1};

TEST_CASE("bounds: attempts multiply, waits add, and the tightest limit counts", "[describe]") {
    const PipelineBounds worst = bounds(Stages{total, retry, attempt});
    CHECK(worst.most_attempts == 3);
    CHECK(worst.longest_time == 25s); // 3 * 8 s + 1 s
    CHECK(worst.longest_total == 30s);
    CHECK(worst.largest_amplification == 3);
    REQUIRE(worst.sustained_amplification);
    CHECK(*worst.sustained_amplification == Approx(1.1));
}

TEST_CASE("bounds: without an attempt timeout only the total bounds the time", "[describe]") {
    CHECK(bounds(Stages{total, retry}).longest_time == 30s);
    CHECK_FALSE(bounds(Stages{retry}).longest_time);
    CHECK_FALSE(bounds(Stages{}).longest_time);
    CHECK(bounds(Stages{}).most_attempts == 1);
}

TEST_CASE("bounds: what stands outside the total, or waits without one, has no longest total", "[describe]") {
    StageDescription limit{.name = "limit"};
    limit.queues = true;
    CHECK_FALSE(bounds(Stages{limit, total, retry}).longest_total);
    CHECK(bounds(Stages{total, limit, retry}).longest_total == 30s);
    CHECK_FALSE(bounds(Stages{retry, attempt}).longest_total);
    CHECK(bounds(Stages{attempt}).longest_total == 8s);
}

TEST_CASE("bounds: a retry without limit has none", "[describe]") {
    StageDescription endless = retry;
    endless.most_attempts = 0;
    const PipelineBounds worst = bounds(Stages{total, endless, attempt});
    CHECK_FALSE(worst.most_attempts);
    CHECK(worst.longest_time == 30s);
    CHECK(describe(Stages{total, endless, attempt}).find("most attempts: without limit") !=
          std::string::npos);
}

TEST_CASE("bounds: a wait of hours times many attempts does not overflow", "[describe]") {
    StageDescription patient = retry;
    patient.most_attempts = 2'000'000'000;
    patient.longest_wait = 24h * 365 * 100;
    CHECK_FALSE(bounds(Stages{patient, attempt}).longest_time);
}

TEST_CASE("bounds: retries around retries do not overflow", "[describe]") {
    StageDescription often = retry;
    often.most_attempts = 2'000'000'000;
    const PipelineBounds worst = bounds(Stages{often, often, often});
    CHECK(worst.most_attempts == std::numeric_limits<int>::max());
}

TEST_CASE("describe prints the stages in order, the arithmetic, and warns when attempts cannot fit",
          "[describe]") {
    CHECK(describe(Stages{total, retry, attempt}) ==
          "1. total timeout    30 s\n"
          "2. retry            3 attempts\n"
          "3. attempt timeout  8 s\n"
          "most attempts: 3\n"
          "longest time: 25 s, with queues and servers' waits 30 s\n"
          "largest amplification: 3 attempts a call, 1.1 in the long run (budget)\n");
    StageDescription slow = attempt;
    slow.total_limit = 20s;
    const std::string text = describe(Stages{total, retry, slow});
    CHECK(text.find("longest time: 30 s") != std::string::npos);
    CHECK(text.find("warning: attempts and waits can take 1.02 min") != std::string::npos);
}

TEST_CASE("describe warns of an order that is rarely meant", "[describe]") {
    CHECK(order_warnings(std::array{Stage::total_timeout, Stage::retry, Stage::hedge, Stage::cool_down,
                                    Stage::circuit_breaker, Stage::concurrency_limit, Stage::attempt_timeout})
              .empty());
    CHECK(order_warnings(std::array{Stage::circuit_breaker, Stage::retry}) ==
          std::vector<std::string>{"circuit_breaker stands outside retry: it counts calls, and a call fails "
                                   "only when all its attempts have"});
    CHECK(order_warnings(std::array{Stage::cool_down, Stage::rate_limiter, Stage::hedge}).size() == 2);
    CHECK(order_warnings(std::array{Stage::attempt_timeout, Stage::concurrency_limit}).size() == 1);
    CHECK(order_warnings(std::array{Stage::concurrency_limit, Stage::total_timeout}).size() == 1);
    CHECK(order_warnings(std::array{Stage::circuit_breaker, Stage::total_timeout}).size() == 1);
    CHECK(describe(Pipeline{CircuitBreaker{}, Retry{}}).find("warning: circuit_breaker stands outside") !=
          std::string::npos);
}

} // namespace
