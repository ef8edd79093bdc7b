#include "api/token_store.hpp"

#include "support/catch.hpp"

#include <memory>

using namespace backstay;
using namespace std::chrono_literals;
using detail::TokenStore;
using detail::TokenWaiter;
using Kind = TokenStore::Answer::Kind;

namespace {

struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

/// A store, a clock, and those who wait.
struct Bench {
    explicit Bench(const RefreshOptions& options = {})
        : store(std::make_shared<TokenStore>(TokenProvider{}, options)) {}

    std::shared_ptr<TokenStore> store;
    TimePoint now{1h};

    TokenStore::Answer ask(std::uint64_t refused = 0, std::uint64_t waited_for = 0) {
        TokenWaiter waiter(store);
        waiter.refresh = waited_for;
        return store->ask(refused, &waiter, now);
    }
    void give(std::uint64_t number, std::optional<Duration> expires_in = {}) {
        store->succeeded(number, {.value = "t", .expires_in = expires_in}, now);
    }
    void fail(std::uint64_t number, const Failure& failure = {.kind = FailureKind::connect_failed}) {
        store->failed(number, ApiError{failure}, now);
    }

    struct Waiting {
        explicit Waiting(Bench& bench, std::uint64_t refresh) : waiter(bench.store) {
            waiter.refresh = refresh;
        }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        ~Waiting() { waiter.store->leave(waiter); }
        bool enqueue() { return waiter.store->enqueue(waiter, Waker{target}); }
        TokenWaiter waiter;
        std::shared_ptr<CountingTarget> target = std::make_shared<CountingTarget>();
    };
};

} // namespace

TEST_CASE("The first to ask begins the refresh, the others wait for the same") {
    Bench bench;
    const auto first = bench.ask();
    CHECK(first.kind == Kind::wait);
    CHECK(first.begin == 1);
    CHECK(first.refresh == 1);
    CHECK(first.until == end_of_time);
    const auto second = bench.ask();
    CHECK(second.kind == Kind::wait);
    CHECK(second.begin == 0);
    CHECK(second.refresh == 1);
    bench.give(1);
    CHECK(bench.ask().kind == Kind::proceed);
    CHECK(bench.store->current()->version == 1);
}

TEST_CASE("Only a token newer than the refused one will do") {
    Bench bench({.min_interval = 0s});
    bench.give(bench.ask().begin);
    const auto refused = bench.ask(1);
    CHECK(refused.kind == Kind::wait);
    CHECK(refused.begin == 2);
    CHECK(bench.ask().kind == Kind::proceed); // who was not refused need not wait
    bench.give(2);
    CHECK(bench.ask(1).kind == Kind::proceed);
    CHECK(bench.ask(1).begin == 0);
    CHECK(bench.ask(2).begin == 3);
}

TEST_CASE("Ahead of its expiry one caller begins the refresh and goes on") {
    Bench bench({.ahead = 30s});
    bench.give(bench.ask().begin, 1h);
    bench.now += 1h - 31s;
    CHECK(bench.ask().begin == 0);
    bench.now += 1s;
    const auto one = bench.ask();
    CHECK(one.kind == Kind::proceed);
    CHECK(one.begin == 2);
    CHECK(bench.ask().begin == 0);
    bench.now += 30s;
    CHECK(bench.ask().kind == Kind::wait);
    CHECK(bench.ask().refresh == 2);
}

TEST_CASE("A failure refuses those who waited for it, however late they ask, and nobody else") {
    Bench bench({.min_interval = 0s});
    bench.give(bench.ask().begin);
    CHECK(bench.ask(1).refresh == 2);
    bench.fail(2);
    const auto waited = bench.ask(1, 2);
    CHECK(waited.kind == Kind::refuse);
    CHECK(waited.error.kind() == FailureKind::connect_failed);
    CHECK(bench.ask().kind == Kind::proceed);
    const auto fresh = bench.ask(1);
    CHECK(fresh.begin == 3);
    CHECK(bench.ask(1, 2).kind == Kind::refuse); // still, though another runs
    bench.give(3);
    CHECK(bench.ask(1, 2).kind == Kind::proceed); // what it needed is there
}

TEST_CASE("One that is overdue refuses everybody, and no other begins before it has ended") {
    Bench bench({.min_interval = 1s});
    CHECK(bench.ask().begin == 1);
    bench.store->overdue(1, ApiError{Failure{.kind = FailureKind::attempt_timeout}}, bench.now);
    CHECK(bench.ask(0, 1).kind == Kind::refuse);
    bench.now += 1h;
    CHECK(bench.ask().kind == Kind::refuse);
    CHECK(bench.ask().until == bench.now);
    bench.store->abandoned(1);
    CHECK(bench.ask().begin == 2);
}

TEST_CASE("What is told of a refresh that no longer runs changes nothing") {
    Bench bench({.min_interval = 0s});
    CHECK(bench.ask().begin == 1);
    bench.store->abandoned(1);
    bench.give(1);
    bench.fail(1);
    bench.store->overdue(1, ApiError{}, bench.now);
    CHECK(bench.store->current() == nullptr);
    CHECK(bench.ask(0, 1).begin == 2);
    bench.store->abandoned(1);
    CHECK(bench.ask().refresh == 2);
}

TEST_CASE("Between two refreshes who needs another token waits, after a failure it is refused") {
    Bench bench({.min_interval = 1s});
    bench.give(bench.ask().begin);
    const auto waits = bench.ask(1);
    CHECK(waits.kind == Kind::wait);
    CHECK(waits.refresh == 0);
    CHECK(waits.until == bench.now + 1s);
    Bench::Waiting waiting(bench, 0);
    CHECK(waiting.enqueue()); // for the time alone
    bench.now += 1s;
    CHECK(bench.ask(1).begin == 2);
    bench.fail(2);
    CHECK(bench.ask(1).kind == Kind::refuse);
    CHECK(bench.ask(1).until == bench.now + 1s);
}

TEST_CASE("Those who wait are woken once, in order of arrival, by whatever ends their refresh") {
    const auto endings = {+[](Bench& bench) { bench.give(1); }, +[](Bench& bench) { bench.fail(1); },
                          +[](Bench& bench) { bench.store->abandoned(1); },
                          +[](Bench& bench) { bench.store->overdue(1, ApiError{}, bench.now); }};
    for (const auto end : endings) {
        Bench bench;
        CHECK(bench.ask().begin == 1);
        Bench::Waiting stays(bench, 1);
        CHECK(stays.enqueue());
        CHECK(stays.enqueue()); // asked again for some other reason
        {
            Bench::Waiting leaves(bench, 1);
            CHECK(leaves.enqueue());
        }
        Bench::Waiting last(bench, 1);
        CHECK(last.enqueue());
        end(bench);
        CHECK(stays.target->woken == 1);
        CHECK(last.target->woken == 1);
        CHECK_FALSE(last.enqueue()); // too late to wait for it
    }
}
