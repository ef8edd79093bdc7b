#include <backstay/api/call_options.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <type_traits>

using namespace backstay;
using namespace std::chrono_literals;

TEST_CASE("Call options are no aggregate: GCC 12 destroys a braced temporary of one twice") {
    STATIC_REQUIRE_FALSE(std::is_aggregate_v<CallOptions>);
    STATIC_REQUIRE_FALSE(std::is_trivially_default_constructible_v<CallOptions>);
}

TEST_CASE("No server wait is shorter than none") {
    CHECK(CallOptions{}.max_server_wait(-1s).values().max_server_wait == Duration{0});
}

TEST_CASE("Setters chain") {
    const TimePoint at{5s};
    const auto options = CallOptions{}
                             .deadline(at)
                             .timeout(2s)
                             .idempotency_key("k")
                             .header("X-Tenant", "a")
                             .header("x-tenant", "b")
                             .query("page", "1")
                             .query("page", "2")
                             .without(Stage::retry)
                             .without(Stage::hedge)
                             .priority(Priority::sheddable)
                             .partition("eu")
                             .operation("list orders")
                             .allow_unsafe_retry()
                             .max_server_wait(1min)
                             .max_body(10);
    const auto& values = options.values();
    CHECK(values.deadline == at);
    CHECK(values.timeout == Duration{2s});
    CHECK(values.idempotency_key == "k");
    CHECK(values.headers.size() == 1);
    CHECK(*values.headers.find("X-Tenant") == "b");
    CHECK(values.query.size() == 2);
    CHECK(values.without.has(Stage::retry));
    CHECK(values.without.has(Stage::hedge));
    CHECK(values.priority == Priority::sheddable);
    CHECK(values.partition == "eu");
    CHECK(values.operation == "list orders");
    CHECK(values.allow_unsafe_retry == true);
    CHECK(values.max_server_wait == Duration{1min});
    CHECK(values.max_body == 10U);
}

TEST_CASE("Defaults fill in only what a call leaves open") {
    const auto defaults = CallOptions{}
                              .timeout(9s)
                              .idempotency_key("auto")
                              .header("X-Tenant", "a")
                              .header("X-Region", "eu")
                              .query("v", "1")
                              .without(Stage::hedge)
                              .allow_unsafe_retry()
                              .operation("default");
    auto options = CallOptions{}.timeout(1s).header("x-tenant", "b").query("q", "2").without(Stage::retry);
    options.allow_unsafe_retry(false).fill_from(defaults);
    const auto& values = options.values();
    CHECK(values.timeout == Duration{1s});
    CHECK(values.idempotency_key == "auto");
    CHECK(values.headers.size() == 2);
    CHECK(*values.headers.find("X-Tenant") == "b");
    CHECK(*values.headers.find("X-Region") == "eu");
    CHECK(values.query == decltype(values.query){{"v", "1"}, {"q", "2"}});
    CHECK(values.without.has(Stage::retry));
    CHECK(values.without.has(Stage::hedge));
    CHECK(values.allow_unsafe_retry == false);
    CHECK(values.operation == "default");
    CHECK_FALSE(values.deadline);
}
