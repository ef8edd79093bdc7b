#include <backstay/pipeline/fallback.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/retry.hpp>

#include <asio/cancellation_type.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = expected<std::string, Failure>;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

/// A call that ends so.
asio::awaitable<R> ends(R result) {
    co_return result;
}
asio::awaitable<R> fails(FailureKind kind) {
    return ends(fail(Failure{.kind = kind}));
}

/// Runs one call with that alternative around it.
template <class A>
R with(A alternative, asio::awaitable<R> call, FallbackOptions options = {}) {
    World world;
    const Fallback fallback{std::move(alternative), std::move(options)};
    return run(world, fallback(std::move(call)));
}

struct Watch final : Observer {
    struct Seen {
        Event event;
        std::string detail;
        std::string operation;
    };
    std::vector<Seen> seen;
    void on_event(const Event& event) override {
        seen.push_back({event, std::string{event.detail}, std::string{event.operation}});
    }
};

TEST_CASE("a success is handed out, and the alternative is not asked", "[fallback]") {
    int asked = 0;
    const auto count = [&asked] { return std::to_string(++asked); };
    CHECK(with(count, ends("good")) == "good");
    CHECK(asked == 0);
}

TEST_CASE("a failure is answered by whatever form the alternative has", "[fallback]") {
    CHECK(with(std::string{"value"}, ends(fail(broken))) == "value");
    CHECK(with("literal", ends(fail(broken))) == "literal");
    CHECK(with([] { return "function"; }, ends(fail(broken))) == "function");
    CHECK(with([](const Failure& error) { return std::to_string(error.status); }, ends(fail(broken))) ==
          "500");
    CHECK(with([] { return R{"expected"}; }, ends(fail(broken))) == "expected");
    const auto later = [](const Failure& error) -> asio::awaitable<std::string> {
        co_return std::string{to_string(error.kind)};
    };
    CHECK(with(later, ends(fail(broken))) == "server_error");
    CHECK(with([] { return ends("another call"); }, ends(fail(broken))) == "another call");
}

TEST_CASE("when the alternative fails, declines or throws, the first error stands", "[fallback]") {
    CHECK(with([] { return R{fail(Failure{.kind = FailureKind::not_found})}; }, ends(fail(broken))).error() ==
          broken);
    CHECK(with([] { return fails(FailureKind::not_found); }, ends(fail(broken))).error() == broken);
    CHECK(with([]() -> std::string { throw std::runtime_error("no"); }, ends(fail(broken))).error() ==
          broken);
    const auto later = []() -> asio::awaitable<std::string> {
        throw std::runtime_error("no");
        co_return "";
    };
    CHECK(with(later, ends(fail(broken))).error() == broken);
}

TEST_CASE("a wrong request, a cancelled call and a closed client are not papered over", "[fallback]") {
    for (int kind = 1; kind < 256; ++kind) {
        const auto failed = static_cast<FailureKind>(kind);
        const bool own = failed == FailureKind::invalid_request || failed == FailureKind::canceled ||
                         failed == FailureKind::client_closed;
        CHECK(with("other", fails(failed)).has_value() == !own);
    }
}

TEST_CASE("only the chosen kinds are answered", "[fallback]") {
    const FallbackOptions only{.on = {FailureKind::circuit_open, FailureKind::canceled}};
    CHECK(with("other", fails(FailureKind::circuit_open), only) == "other");
    CHECK(with("other", fails(FailureKind::canceled), only) == "other"); // made so by a server, say
    CHECK_FALSE(with("other", fails(FailureKind::server_error), only));
}

TEST_CASE("what the call throws counts as its failure", "[fallback]") {
    const auto throws = []() -> asio::awaitable<R> {
        throw std::runtime_error("no");
        co_return "";
    };
    CHECK(with([](const Failure& error) { return std::string{to_string(error.kind)}; }, throws()) ==
          "exception");
    CHECK(with("other", throws(), {.on = {}}).error().kind == FailureKind::exception);
}

TEST_CASE("a call that was cancelled is not answered, and the caller gets its error as a value",
          "[fallback]") {
    for (const bool throws : {true, false}) { // the caller's setting
        World world;
        Started<R> started;
        int asked = 0;
        const Fallback fallback{[&asked] { return std::to_string(++asked); }, {.on = KindSet::all()}};
        const auto call = [&]() -> asio::awaitable<R> {
            co_await asio::this_coro::throw_if_cancelled(false);
            (void)co_await nap(world.runtime, 1h);
            co_await asio::this_coro::throw_if_cancelled(throws);
            co_return fail(broken);
        };
        start(world, started, fallback(call()));
        world.run_for(1s);
        started.cancel.emit(asio::cancellation_type::terminal);
        world.run();
        REQUIRE(started.outcome);
        CHECK(started.outcome->error() == broken);
        CHECK(asked == 0);
    }
}

TEST_CASE("a cancel while the alternative runs reaches it", "[fallback]") {
    World world;
    Started<R> started;
    const auto slow = [&world]() -> asio::awaitable<R> {
        const auto woken = co_await nap(world.runtime, 1h);
        (void)co_await nap(world.runtime, 1h); // throws, as the setting has it
        co_return woken == detail::Woken::canceled ? R{fail(Failure{.kind = FailureKind::canceled})} : "slow";
    };
    const Fallback fallback{slow};
    bool throws = false;
    const auto caller = [&]() -> asio::awaitable<R> {
        auto result = co_await fallback(ends(fail(broken)));
        throws = co_await asio::this_coro::throw_if_cancelled();
        co_return result;
    };
    start(world, started, caller());
    world.run_for(1s);
    started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(started.outcome);
    CHECK(started.outcome->error() == broken);
    CHECK(throws); // the caller's own setting is as it was
}

TEST_CASE("every fallback is told, taken or not", "[fallback]") {
    Watch watch;
    VirtualRuntime runtime;
    const FallbackOptions options{.observer = &watch, .operation = "get row", .runtime = &runtime};
    CHECK(with("other", ends("good"), options));
    CHECK(with("other", fails(FailureKind::canceled), options).error().kind == FailureKind::canceled);
    CHECK(watch.seen.empty());
    CHECK(with("other", ends(fail(broken)), options));
    CHECK_FALSE(with([] { return fails(FailureKind::not_found); }, ends(fail(broken)), options));
    REQUIRE(watch.seen.size() == 2);
    for (const auto& [event, detail, operation] : watch.seen) {
        CHECK(event.type == EventType::fell_back);
        CHECK(event.kind == FailureKind::server_error);
        CHECK(event.status == 500);
        CHECK(event.at == runtime.now());
        CHECK(operation == "get row");
    }
    CHECK(watch.seen[0].detail.empty());
    CHECK(watch.seen[1].detail == "not_found");
}

TEST_CASE("a call without a result has a fallback too", "[fallback]") {
    using Nothing = expected<void, Failure>;
    World world;
    const auto call = []() -> asio::awaitable<Nothing> { co_return fail(broken); };
    int done = 0;
    CHECK(run(world, Fallback{[&done] { ++done; }}(call())));
    const auto later = [&done]() -> asio::awaitable<void> {
        ++done;
        co_return;
    };
    CHECK(run(world, Fallback{later}(call())));
    CHECK(done == 2);
    CHECK_FALSE(run(world, Fallback{[] { return Nothing{fail(broken)}; }}(call())));
    CHECK(run(world, Fallback{[] { return Nothing{}; }}(call())));
}

/// A row of a database that can say that it is stale.
struct Row {
    std::string text{};
    bool stale = false;
};

} // namespace

template <>
struct backstay::fallback_traits<Row> {
    static Row make(std::string text) { return {std::move(text), true}; }
};

namespace {

TEST_CASE("a database call in a pipeline falls back to a row that says what it is", "[fallback]") {
    World world;
    const Pipeline pipeline{Retry{}};
    const Fallback cache{std::string{"from the cache"}};
    const auto query = [](CallContext&) -> asio::awaitable<expected<Row, Failure>> {
        co_return fail(Failure{.kind = FailureKind::connection_lost});
    };
    const auto row = run(world, cache(pipeline.run(world.runtime, CallSettings(), query)));
    REQUIRE(row);
    CHECK(row->text == "from the cache");
    CHECK(row->stale);
}

/// A reply whose status makes it a failure.
struct Status {
    Failure seen{};
    [[nodiscard]] const Failure* failure() const noexcept {
        return seen.kind != FailureKind::none ? &seen : nullptr;
    }
};

TEST_CASE("a value that counts as a failure is answered like an error", "[fallback]") {
    using Reply = expected<Status, Failure>;
    World world;
    const auto call = []() -> asio::awaitable<Reply> { co_return Status{broken}; };
    const auto good = run(world, Fallback{[](const Failure& error) {
                              CHECK(error == broken);
                              return Status{};
                          }}(call()));
    CHECK(good->failure() == nullptr);
    const auto bad = run(world, Fallback{[] { return Status{{.kind = FailureKind::not_found}}; }}(call()));
    CHECK(*bad->failure() == broken);
}

} // namespace
