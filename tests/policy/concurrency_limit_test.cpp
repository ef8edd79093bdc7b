#include <backstay/policy/concurrency_limit.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <memory>
#include <stdexcept>
#include <string>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

using Answer = Admission::Answer;

struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

/// A call that asks, and waits as the driver does when it is told to.
class Caller {
public:
    explicit Caller(const ConcurrencyLimit& limit, Priority priority = Priority::normal)
        : call_(limit, now_, with(priority)) {
        ask();
    }

    void ask() {
        answer = call_.admit().answer;
        if (answer == Answer::wait) {
            REQUIRE(call_.policy().enqueue(call_.mine(), Waker(target_)));
        }
    }
    [[nodiscard]] bool woken() const { return target_->woken > 0; }
    void finish() { call_.succeed(); }
    /// Cancelled, or past its deadline.
    void leave() { call_.abandon(); }

    Answer answer = Answer::proceed;

private:
    static CallSettings with(Priority priority) {
        CallSettings settings;
        settings.priority = priority;
        return settings;
    }

    TimePoint now_ = start_of_test;
    std::shared_ptr<CountingTarget> target_ = std::make_shared<CountingTarget>();
    PolicyCall<ConcurrencyLimit> call_;
};

std::string complaint(const ConcurrencyLimitOptions& options) {
    try {
        const ConcurrencyLimit limit(options);
        return {};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("options of a limit out of range are named", "[concurrency_limit]") {
    CHECK(complaint({}).empty());
    CHECK(complaint({.limit = 0}) == "ConcurrencyLimitOptions.limit is 0, allowed is 1 to 1000000");
    CHECK(complaint({.max_queued = -1}) ==
          "ConcurrencyLimitOptions.max_queued is -1, allowed is 0 (no queue) to 1000000");
}

TEST_CASE("a limit describes itself", "[concurrency_limit]") {
    CHECK(ConcurrencyLimit().describe().name == "concurrency_limit");
    CHECK(ConcurrencyLimit().describe().settings == "1000 at once, 1000 queued fifo");
    CHECK(ConcurrencyLimit({.limit = 2, .max_queued = 0, .dry_run = true}).describe().settings ==
          "2 at once, no queue, dry run");
}

TEST_CASE("so many run at once and no more, and each that ends makes room", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 2, .max_queued = 0});
    Caller one(limit);
    Caller two(limit);
    CHECK(Caller(limit).answer == Answer::reject);
    CHECK(limit.snapshot().in_flight == 2);
    one.finish();
    CHECK(limit.snapshot().in_flight == 1);
    CHECK(Caller(limit).answer == Answer::proceed); // and gives its slot back by its end
    CHECK(limit.snapshot().in_flight == 1);
}

TEST_CASE("a refusal says by whom and names no time: nobody knows it", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 0});
    Caller holder(limit);
    TimePoint now = start_of_test;
    PolicyCall call(limit, now);
    const Failure failure = call.admit().failure;
    CHECK(failure.kind == FailureKind::concurrency_rejected);
    CHECK(failure.refused_by == RefusedBy::concurrency_limit);
    CHECK(failure.reach == Reach::refused_here);
    CHECK_FALSE(failure.is(Failure::has_hint));
}

TEST_CASE("a slot is held from admit to settle, not between attempts", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    TimePoint now = start_of_test;
    PolicyCall call(limit, now);
    for (int attempt = 0; attempt < 3; ++attempt) {
        REQUIRE(call.admit().answer == Answer::proceed);
        CHECK(limit.snapshot().in_flight == 1);
        call.fail(reply(503));
        CHECK(limit.snapshot().in_flight == 0);
    }
}

TEST_CASE("a copy shares the slots, a clone has its own", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 0});
    const ConcurrencyLimit copy = limit;
    const ConcurrencyLimit clone = limit.clone();
    Caller holder(limit);
    CHECK(Caller(copy).answer == Answer::reject);
    CHECK(Caller(clone).answer == Answer::proceed);
}

TEST_CASE("who came first is served first", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller first(limit);
    Caller second(limit);
    CHECK(limit.snapshot().queued == 2);
    holder.finish();
    CHECK(first.woken());
    CHECK_FALSE(second.woken());
    first.ask();
    CHECK(first.answer == Answer::proceed);
    first.finish();
    CHECK(second.woken());
}

TEST_CASE("last in, first out, when so ordered", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .order = QueueOrder::lifo});
    Caller holder(limit);
    Caller first(limit);
    Caller second(limit);
    holder.finish();
    CHECK(second.woken());
    CHECK_FALSE(first.woken());
    Caller third(limit);
    second.finish();
    CHECK(third.woken());
    third.leave();
    CHECK(first.woken());
}

TEST_CASE("a free slot is handed over: a newcomer cannot take it before the one it was given to",
          "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 1});
    Caller holder(limit);
    Caller waiter(limit);
    holder.finish();
    CHECK(limit.snapshot().in_flight == 1); // the waiter's, though it has not run yet
    CHECK(limit.snapshot().queued == 0);
    Caller newcomer(limit);
    CHECK(newcomer.answer == Answer::wait);
    waiter.ask();
    CHECK(waiter.answer == Answer::proceed);
}

TEST_CASE("one who waits and asks too soon goes on waiting in its place", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller first(limit);
    Caller second(limit);
    first.ask();
    CHECK(first.answer == Answer::wait);
    CHECK(limit.snapshot().queued == 2);
    holder.finish();
    CHECK(first.woken());
}

TEST_CASE("one who leaves the queue costs nobody a slot", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller first(limit);
    Caller middle(limit);
    Caller last(limit);
    middle.leave();
    first.leave();
    CHECK(limit.snapshot().queued == 1);
    holder.finish();
    CHECK(last.woken());
    CHECK_FALSE(first.woken());
    CHECK_FALSE(middle.woken());
}

TEST_CASE("one who leaves after it was handed a slot hands it on", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller first(limit);
    Caller second(limit);
    holder.finish();
    REQUIRE(first.woken());
    first.leave();
    CHECK(second.woken());
    second.ask();
    CHECK(second.answer == Answer::proceed);
    second.finish();
    CHECK(limit.snapshot().in_flight == 0);
}

TEST_CASE("a slot that comes free between the answer and the queue is not missed", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    TimePoint now = start_of_test;
    PolicyCall call(limit, now);
    REQUIRE(call.admit().answer == Answer::wait);
    holder.finish();
    CHECK_FALSE(call.policy().enqueue(call.mine(), Waker{}));
    CHECK(call.admit().answer == Answer::proceed);
}

TEST_CASE("a call whose wait ended before it left a waker leaves the queue too", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    {
        TimePoint now = start_of_test;
        PolicyCall call(limit, now);
        REQUIRE(call.admit().answer == Answer::wait);
    }
    CHECK(limit.snapshot().queued == 0);
}

TEST_CASE("a full queue refuses", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 2});
    Caller holder(limit);
    Caller one(limit);
    Caller two(limit);
    CHECK(Caller(limit).answer == Answer::reject);
    one.leave();
    CHECK(Caller(limit).answer == Answer::wait);
}

TEST_CASE("when the queue is full a critical call displaces the youngest sheddable", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 4});
    Caller holder(limit);
    Caller normal(limit);
    Caller older(limit, Priority::sheddable);
    Caller younger(limit, Priority::sheddable);
    Caller youngest_normal(limit);

    Caller critical(limit, Priority::critical);
    CHECK(critical.answer == Answer::wait);
    CHECK(younger.woken());
    CHECK_FALSE(older.woken());
    younger.ask();
    CHECK(younger.answer == Answer::reject);
    CHECK(limit.snapshot().queued == 4);

    Caller second(limit, Priority::critical);
    CHECK(older.woken());
    Caller third(limit, Priority::critical); // no sheddable is left: a normal one
    CHECK(youngest_normal.woken());
    CHECK_FALSE(normal.woken());
}

TEST_CASE("no one is displaced by its equal or its lesser", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 1});
    Caller holder(limit);
    Caller waiting(limit);
    CHECK(Caller(limit).answer == Answer::reject);
    CHECK(Caller(limit, Priority::sheddable).answer == Answer::reject);
    CHECK_FALSE(waiting.woken());
}

TEST_CASE("one who was displaced may ask again as anybody", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 1});
    Caller holder(limit);
    Caller sheddable(limit, Priority::sheddable);
    Caller critical(limit, Priority::critical);
    sheddable.ask();
    REQUIRE(sheddable.answer == Answer::reject);
    critical.leave();
    sheddable.ask();
    CHECK(sheddable.answer == Answer::wait);
}

TEST_CASE("one who was displaced and cancelled at once leaves nothing behind", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 1});
    Caller holder(limit);
    Caller sheddable(limit, Priority::sheddable);
    Caller critical(limit, Priority::critical);
    sheddable.leave();
    CHECK(limit.snapshot().queued == 1);
    CHECK(limit.snapshot().in_flight == 1);
    holder.finish();
    CHECK(critical.woken());
}

TEST_CASE("priority decides who is refused, not who is served", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller sheddable(limit, Priority::sheddable);
    Caller critical(limit, Priority::critical);
    holder.finish();
    CHECK(sheddable.woken());
}

TEST_CASE("a raised limit lets those who wait in, in order", "[concurrency_limit]") {
    ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    Caller one(limit);
    Caller two(limit);
    Caller three(limit);
    limit.set_limit(3);
    CHECK(one.woken());
    CHECK(two.woken());
    CHECK_FALSE(three.woken());
    CHECK(limit.snapshot().in_flight == 3);
    CHECK(limit.snapshot().limit == 3);
    CHECK(limit.clone().snapshot().limit == 3);
}

TEST_CASE("a newcomer overtakes nobody while slots are being handed out", "[concurrency_limit]") {
    struct Inviting final : Waker::Target { // whoever is woken brings a newcomer along
        explicit Inviting(const ConcurrencyLimit& of) : limit(of) {}
        void wake() noexcept override { newcomer = std::make_unique<Caller>(limit); }
        ConcurrencyLimit limit;
        std::unique_ptr<Caller> newcomer;
    };
    ConcurrencyLimit limit({.limit = 1});
    Caller holder(limit);
    TimePoint now = start_of_test;
    PolicyCall first(limit, now);
    const auto inviting = std::make_shared<Inviting>(limit);
    REQUIRE(first.admit().answer == Answer::wait);
    REQUIRE(first.policy().enqueue(first.mine(), Waker(inviting)));
    Caller second(limit);
    limit.set_limit(3);
    CHECK(second.woken());
    CHECK(inviting->newcomer->answer == Answer::wait);
    CHECK_FALSE(inviting->newcomer->woken());
    holder.finish();
    CHECK(inviting->newcomer->woken());
}

TEST_CASE("a lowered limit disturbs nobody and holds from then on", "[concurrency_limit]") {
    ConcurrencyLimit limit({.limit = 3});
    Caller one(limit);
    Caller two(limit);
    Caller three(limit);
    limit.set_limit(1);
    Caller waiter(limit);
    CHECK(waiter.answer == Answer::wait);
    one.finish();
    two.finish();
    CHECK_FALSE(waiter.woken());
    three.finish();
    CHECK(waiter.woken());
    CHECK(limit.snapshot().in_flight == 1);
}

TEST_CASE("trap: a bad limit changes nothing", "[concurrency_limit]") {
    ConcurrencyLimit limit({.limit = 3});
    CHECK_THROWS_AS(limit.set_limit(0), std::invalid_argument);
    CHECK(limit.snapshot().limit == 3);
}

TEST_CASE("in a dry run nobody waits and nobody is refused, but it is reported", "[concurrency_limit]") {
    const ConcurrencyLimit limit({.limit = 1, .max_queued = 1, .dry_run = true});
    EventLog log;
    TimePoint now = start_of_test;
    CallSettings settings;
    settings.observer = &log;
    PolicyCall runs(limit, now, settings);
    PolicyCall would_wait(limit, now, settings);
    PolicyCall would_be_refused(limit, now, settings);
    CHECK(runs.admit().answer == Answer::proceed);
    CHECK(would_wait.admit().answer == Answer::proceed);
    CHECK(log.events.empty());
    CHECK(would_be_refused.admit().answer == Answer::proceed);
    REQUIRE(log.count(EventType::refused) == 1);
    CHECK(log.events.front().dry_run);
    CHECK(log.events.front().kind == FailureKind::concurrency_rejected);
    CHECK(log.events.front().refused_by == RefusedBy::concurrency_limit);
    CHECK(limit.snapshot().in_flight == 1);
    CHECK(limit.snapshot().queued == 1);

    would_be_refused.succeed(); // held nothing
    CHECK(limit.snapshot().queued == 1);
    runs.succeed();
    would_wait.succeed();
    CHECK(limit.snapshot().in_flight == 0);
    CHECK(limit.snapshot().queued == 0);
}
