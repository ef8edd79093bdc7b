#include "http/resolver.hpp"

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <backstay/pipeline/asio_runtime.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

using Resolved = expected<Addresses, StepFault>;

/// Looks names up when it is told to.
struct Oracle {
    std::promise<void> speak;
    std::shared_future<void> spoken{speak.get_future()};
    std::atomic<int> asked = 0;
};

LookupFunction ask(const std::shared_ptr<Oracle>& oracle) {
    return [oracle](const std::string& host) -> LookupResult {
        ++oracle->asked;
        oracle->spoken.wait();
        if (host == "unknown.test") {
            return fail(std::error_code(asio::error::host_not_found));
        }
        return Addresses{asio::ip::make_address("192.0.2.7")};
    };
}

struct Question {
    Exchanged call{};
    std::optional<Resolved> answer{};
    FailureKind verdict = FailureKind::none;
};

asio::awaitable<void> resolve(Resolver& resolver, Origin origin, Question& question) {
    Watchdog watchdog(asio_runtime(), co_await asio::this_coro::executor, question.call.call,
                      co_await asio::this_coro::cancellation_state);
    question.answer = co_await resolver.resolve(origin, watchdog);
    question.verdict = watchdog.verdict();
}

Origin https(std::string host, std::uint16_t port = 443) {
    return {"https", std::move(host), port};
}

std::string first(const Addresses& addresses) {
    return addresses.empty() ? "nothing" : addresses.front().to_string();
}

} // namespace

TEST_CASE("overrides, literals and localhost need no lookup", "[http][resolver]") {
    Resolver resolver({{"Ledger.test", 8443, "192.0.2.1"}, {"localhost", 8443, "::1"}});
    CHECK(first(resolver.known(https("ledger.test", 8443))) == "192.0.2.1");
    CHECK(first(resolver.known(https("ledger.test", 443))) == "nothing");
    CHECK(first(resolver.known(https("192.0.2.9"))) == "192.0.2.9");
    CHECK(first(resolver.known(https("2001:db8::1"))) == "2001:db8::1");
    CHECK(first(resolver.known(https("localhost"))) == "127.0.0.1");
    CHECK(resolver.known(https("api.localhost")).size() == 2);
    CHECK(first(resolver.known(https("localhost", 8443))) == "::1");
}

TEST_CASE("an override that is no address is refused by name", "[http][resolver]") {
    CHECK_THROWS_WITH(
        Resolver({{"ledger.test", 443, "nowhere"}}),
        "HttpsOptions.resolve_overrides[ledger.test].address is nowhere, allowed is an IPv4 or IPv6 "
        "address");
}

TEST_CASE("calls for one name share a lookup", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    Resolver resolver({}, 0s, LookupThreads(ask(oracle)));
    asio::io_context context;
    Question one;
    Question two;
    asio::co_spawn(context, resolve(resolver, https("a.test"), one), asio::detached);
    asio::co_spawn(context, resolve(resolver, https("a.test"), two), asio::detached);
    context.poll();
    CHECK_FALSE(one.answer);
    oracle->speak.set_value();
    context.run();
    REQUIRE(one.answer.value());
    REQUIRE(two.answer.value());
    CHECK(first(**one.answer) == "192.0.2.7");
    CHECK(oracle->asked == 1);
}

TEST_CASE("a name that is not found is told", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    oracle->speak.set_value();
    Resolver resolver({}, 0s, LookupThreads(ask(oracle)));
    asio::io_context context;
    Question question;
    asio::co_spawn(context, resolve(resolver, https("unknown.test"), question), asio::detached);
    context.run();
    REQUIRE_FALSE(question.answer.value());
    CHECK(question.answer->error().kind == FailureKind::resolve_failed);
    CHECK(question.answer->error().message.find("unknown.test") != std::string::npos);
}

TEST_CASE("what was found is not asked for again for a while, what was not found is", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    oracle->speak.set_value();
    const auto ask_twice = [&oracle](Resolver& resolver, const std::string& host) {
        for (int i = 0; i < 2; ++i) {
            asio::io_context context;
            Question question;
            asio::co_spawn(context, resolve(resolver, https(host), question), asio::detached);
            context.run();
            REQUIRE(question.answer);
            CHECK(question.answer->has_value() == (host == "a.test"));
        }
        return oracle->asked.exchange(0);
    };
    Resolver resolver({}, 30s, LookupThreads(ask(oracle)));
    CHECK(ask_twice(resolver, "unknown.test") == 2);
    CHECK(ask_twice(resolver, "a.test") == 1);
    CHECK(ask_twice(resolver, "a.test") == 0);
    resolver.forget(https("a.test"));
    CHECK(ask_twice(resolver, "a.test") == 1);
    Resolver without({}, 0s, LookupThreads(ask(oracle)));
    CHECK(ask_twice(without, "a.test") == 2);
}

TEST_CASE("calls that come and go while a lookup hangs leave nothing with it", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    LookupThreads threads(ask(oracle));
    asio::io_context context;
    const auto job = threads.join("a.test", Gate(context.get_executor()).opener());
    for (int i = 0; i < 1'000; ++i) {
        static_cast<void>(threads.join("a.test", Gate(context.get_executor()).opener()));
    }
    CHECK(threads.waiting(*job) <= 128);
    oracle->speak.set_value();
}

TEST_CASE("a lookup that hangs is left behind", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    auto resolver =
        std::make_unique<Resolver>(std::vector<ResolveOverride>{}, 0s, LookupThreads(ask(oracle)));
    auto context = std::make_unique<asio::io_context>();
    Question question;

    SECTION("when the deadline passes") {
        question.call.call.deadline = {Clock::now() + 20ms, FailureKind::attempt_timeout};
        asio::co_spawn(*context, resolve(*resolver, https("a.test"), question), asio::detached);
        context->run();
        CHECK(question.verdict == FailureKind::attempt_timeout);
    }
    SECTION("when the call is cancelled") {
        asio::cancellation_signal cancel;
        asio::co_spawn(*context, resolve(*resolver, https("a.test"), question),
                       asio::bind_cancellation_slot(cancel.slot(), asio::detached));
        context->poll();
        cancel.emit(asio::cancellation_type::terminal);
        context->run();
        CHECK(question.verdict == FailureKind::canceled);
    }
    SECTION("when the context goes") {
        asio::co_spawn(*context, resolve(*resolver, https("a.test"), question), asio::detached);
        context->poll();
        context.reset();
        CHECK_FALSE(question.answer);
    }
    context.reset();
    resolver.reset();
    oracle->speak.set_value(); // and what it finds then reaches nobody
}

TEST_CASE("lookups beyond the number of threads wait, and a forgotten one is skipped", "[http][resolver]") {
    const auto oracle = std::make_shared<Oracle>();
    Resolver resolver({}, 0s, LookupThreads(ask(oracle), 1));
    asio::io_context context;
    Question hanging;
    Question forgotten;
    Question waiting;
    forgotten.call.call.deadline = {Clock::now() + 10ms, FailureKind::attempt_timeout};
    asio::co_spawn(context, resolve(resolver, https("a.test"), hanging), asio::detached);
    asio::co_spawn(context, resolve(resolver, https("b.test"), forgotten), asio::detached);
    asio::co_spawn(context, resolve(resolver, https("c.test"), waiting), asio::detached);
    while (!forgotten.answer) {
        context.run_one();
    }
    CHECK(forgotten.verdict == FailureKind::attempt_timeout);
    oracle->speak.set_value();
    context.run();
    CHECK(hanging.answer.value());
    CHECK(waiting.answer.value());
    CHECK(oracle->asked == 2);
}

TEST_CASE("the system's lookup knows this machine", "[http][resolver]") {
    const LookupResult found = system_lookup("127.0.0.1");
    REQUIRE(found);
    CHECK(first(*found) == "127.0.0.1");
    CHECK_FALSE(system_lookup("no.such.host.invalid"));
}
