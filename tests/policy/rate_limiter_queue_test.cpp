#include <backstay/policy/rate_limiter.hpp>

#include "support/catch.hpp"

#include "rate_limiter_bench.hpp"

#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

// Those who wait for a token.

namespace {

using Bench = RateLimiterBench;

/// One whose only token has been taken: whoever asks now waits.
struct Drained : Bench {
    explicit Drained(const RateLimiterOptions& options = ten_a_second()) : Bench(options) {
        REQUIRE(passes());
    }

    static RateLimiterOptions with(Duration max_wait, int max_queued) {
        RateLimiterOptions options = ten_a_second();
        options.max_wait = max_wait;
        options.max_queued = max_queued;
        return options;
    }

    /// Goes on by a tenth of a second, and asks those again whom the driver would.
    void tick(std::initializer_list<Caller*> callers) {
        now += 100ms;
        bool asked = true;
        while (asked) {
            asked = false;
            for (Caller* const one : callers) {
                if (one->due()) {
                    one->ask();
                    asked = true;
                }
            }
        }
    }
};

} // namespace

TEST_CASE("the head alone waits by time", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 3));
    const auto first = bench.ask();
    const auto second = bench.ask();
    const auto third = bench.ask();
    CHECK(first->answer.until == bench.now + 100ms);
    CHECK(second->answer.until == end_of_time);
    CHECK(third->answer.until == end_of_time);
    CHECK(bench.snapshot().queued == 3);

    bench.now += 100ms;
    CHECK(proceeds(first->ask()));
    REQUIRE(second->woken()); // by the one before it
    CHECK_FALSE(third->woken());
    CHECK(waits(second->ask()));
    CHECK(second->answer.until == bench.now + 100ms);
}

TEST_CASE("who came first is served first, one for each token", "[rate_limiter]") {
    Drained bench;
    const auto first = bench.ask();
    const auto second = bench.ask();
    const auto third = bench.ask();
    bench.tick({third.get(), second.get(), first.get()});
    CHECK(proceeds(first->answer));
    CHECK(second->waiting());
    bench.tick({third.get(), second.get()});
    CHECK(proceeds(second->answer));
    CHECK(third->waiting());
    bench.tick({third.get()});
    CHECK(proceeds(third->answer));
    CHECK(bench.snapshot().queued == 0);
    CHECK(bench.snapshot().waited == 3);
    bench.now += 100ms;
    CHECK(bench.passes()); // without a queue as before
}

TEST_CASE("a newcomer does not take the token that the first one waits for", "[rate_limiter]") {
    Drained bench;
    const auto first = bench.ask();
    bench.now += 100ms;
    const auto newcomer = bench.ask();
    CHECK(newcomer->waiting());
    CHECK(proceeds(first->ask()));
}

TEST_CASE("a cancelled waiter costs nobody a token", "[rate_limiter]") {
    Drained bench;
    const auto first = bench.ask();
    const auto second = bench.ask();
    const auto third = bench.ask();
    SECTION("the first") {
        first->leave();
        REQUIRE(second->woken());
        CHECK(waits(second->ask()));
        CHECK(second->answer.until == bench.now + 100ms);
    }
    SECTION("the first, when its token is there") {
        bench.now += 100ms;
        first->leave();
        REQUIRE(second->woken());
        CHECK(proceeds(second->ask()));
    }
    SECTION("one in the middle") {
        second->leave();
        CHECK_FALSE(third->woken());
        bench.tick({first.get()});
        REQUIRE(third->woken());
        CHECK(waits(third->ask()));
        CHECK(third->answer.until == bench.now + 100ms);
    }
    SECTION("all of them") {
        third->leave();
        second->leave();
        first->leave();
        CHECK(bench.snapshot().queued == 0);
        bench.now += 100ms;
        CHECK(bench.passes());
        CHECK_FALSE(bench.passes());
    }
}

TEST_CASE("a waiter that was woken and is cancelled before it asks hands its turn on", "[rate_limiter]") {
    Drained bench;
    const auto first = bench.ask();
    const auto second = bench.ask();
    const auto third = bench.ask();
    first->leave();
    REQUIRE(second->woken());
    second->leave();
    CHECK(third->woken());
}

TEST_CASE("a turn that comes between the answer and the waker is not missed", "[rate_limiter]") {
    Drained bench;
    const auto first = bench.ask();
    const auto second = bench.caller();
    REQUIRE(waits(second->call.admit()));
    first->leave();
    CHECK_FALSE(bench.limiter.enqueue(second->call.mine(), Waker{}));
    CHECK(second->call.admit().until == bench.now + 100ms);
}

TEST_CASE("a call whose token would come after max_wait is refused at once, with the time until then",
          "[rate_limiter]") {
    Drained bench(Drained::with(200ms, 100));
    const auto first = bench.ask();
    const auto second = bench.ask();
    CHECK(second->waiting()); // exactly 200 ms
    CHECK(bench.ask()->answer.failure ==
          refusal(FailureKind::rate_limit_rejected, RefusedBy::rate_limiter, 300ms));
    CHECK(bench.snapshot().queued == 2);
}

TEST_CASE("a call whose token would not come before its deadline is refused at once", "[rate_limiter]") {
    Drained bench;
    CHECK(bench.ask(Priority::normal, bench.now + 100ms)->answer.failure ==
          refusal(FailureKind::rate_limit_rejected, RefusedBy::rate_limiter, 100ms));
    const auto first = bench.ask(Priority::normal, bench.now + 101ms);
    CHECK(first->waiting());
    CHECK(rejects(bench.ask(Priority::normal, bench.now + 200ms)->answer));
    CHECK(bench.ask(Priority::normal, bench.now + 201ms)->waiting());
}

TEST_CASE("a full queue refuses, also with the time until a token", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 2));
    const auto first = bench.ask();
    const auto second = bench.ask();
    CHECK(bench.ask()->answer.failure.hint == 300ms);
    second->leave();
    CHECK(bench.ask()->waiting());
}

TEST_CASE("a higher priority is served before a lower one, equals as they came", "[rate_limiter]") {
    Drained bench;
    const auto sheddable = bench.ask(Priority::sheddable);
    const auto normal_1 = bench.ask();
    const auto critical = bench.ask(Priority::critical);
    const auto normal_2 = bench.ask();
    CHECK(critical->answer.until == bench.now + 100ms);
    const std::initializer_list<Bench::Caller*> all{sheddable.get(), normal_1.get(), critical.get(),
                                                    normal_2.get()};
    for (Bench::Caller* const next : {critical.get(), normal_1.get(), normal_2.get(), sheddable.get()}) {
        REQUIRE(next->waiting());
        bench.tick(all);
        CHECK(proceeds(next->answer));
        next->answer = Admission::reject({}); // done with
    }
}

TEST_CASE("when the queue is full a critical call displaces the youngest of the lowest priority",
          "[rate_limiter]") {
    Drained bench(Drained::with(10s, 4));
    const auto normal = bench.ask();
    const auto older = bench.ask(Priority::sheddable);
    const auto younger = bench.ask(Priority::sheddable);
    const auto youngest_normal = bench.ask();

    const auto critical = bench.ask(Priority::critical);
    CHECK(critical->waiting());
    REQUIRE(younger->woken());
    CHECK_FALSE(older->woken());
    CHECK(younger->ask().failure ==
          refusal(FailureKind::rate_limit_rejected, RefusedBy::rate_limiter, 500ms));
    CHECK(bench.snapshot().queued == 4);
    CHECK(bench.snapshot().refused == 1);

    const auto second = bench.ask(Priority::critical);
    CHECK(older->woken());
    const auto third = bench.ask(Priority::critical); // no sheddable is left: a normal one
    CHECK(youngest_normal->woken());
    CHECK_FALSE(normal->woken());
}

TEST_CASE("no one is displaced by its equal or its lesser (rate_limiter)", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 1));
    const auto waiting = bench.ask();
    CHECK(rejects(bench.ask()->answer));
    CHECK(rejects(bench.ask(Priority::sheddable)->answer));
    CHECK_FALSE(waiting->woken());
    const auto critical = bench.ask(Priority::critical); // the first itself makes room
    CHECK(critical->answer.until == bench.now + 100ms);
    REQUIRE(waiting->woken());
    CHECK(rejects(waiting->ask()));
}

TEST_CASE("whose wait becomes too long because others go first is refused as soon as that is known",
          "[rate_limiter]") {
    Drained bench(Drained::with(300ms, 100));
    const auto one = bench.ask(Priority::sheddable);
    const auto two = bench.ask(Priority::sheddable);
    const auto three = bench.ask(Priority::sheddable);
    CHECK(rejects(bench.ask(Priority::sheddable)->answer));
    const auto critical = bench.ask(Priority::critical);
    CHECK(critical->waiting());
    REQUIRE(three->woken());
    CHECK_FALSE(two->woken());
    CHECK(rejects(three->ask()));
    CHECK(bench.snapshot().queued == 3);

    const auto hurried = bench.ask(Priority::normal, bench.now + 250ms);
    CHECK(hurried->waiting());
    CHECK(two->woken());
    const auto another = bench.ask(Priority::critical); // pushes the hurried one past its deadline
    CHECK(another->waiting());
    REQUIRE(hurried->woken());
    CHECK(hurried->ask().failure.hint == 300ms);
}

TEST_CASE("a higher priority that finds the token there takes it, and those behind it know",
          "[rate_limiter]") {
    Drained bench(Drained::with(150ms, 100));
    const auto waiting = bench.ask();
    bench.now += 100ms;
    CHECK(proceeds(bench.ask(Priority::critical)->answer));
    REQUIRE(waiting->woken()); // its token would come 200 ms after it did
    CHECK(rejects(waiting->ask()));
    CHECK(bench.snapshot().queued == 0);
    bench.now += 100ms;
    CHECK(bench.passes());
}

TEST_CASE("one that was displaced and cancelled at once leaves nothing behind", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 1));
    const auto sheddable = bench.ask(Priority::sheddable);
    const auto critical = bench.ask(Priority::critical);
    REQUIRE(sheddable->woken());
    sheddable->leave();
    CHECK(bench.snapshot().queued == 1);
    bench.tick({critical.get()});
    CHECK(proceeds(critical->answer));
    CHECK(bench.snapshot().queued == 0);
}

TEST_CASE("one that was displaced and ends late gives nothing back: it had nothing", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 1));
    const auto sheddable = bench.ask(Priority::sheddable);
    const auto critical = bench.ask(Priority::critical);
    bench.tick({critical.get()});
    REQUIRE(proceeds(critical->answer));
    bench.now += 100ms;
    REQUIRE(bench.passes()); // without a queue
    sheddable->leave();
    CHECK(bench.snapshot().tokens == 0);
    CHECK_FALSE(bench.passes());
}

TEST_CASE("one that was displaced may ask again as anybody", "[rate_limiter]") {
    Drained bench(Drained::with(10s, 1));
    const auto sheddable = bench.ask(Priority::sheddable);
    const auto critical = bench.ask(Priority::critical);
    CHECK(rejects(sheddable->ask()));
    critical->leave();
    CHECK(waits(sheddable->ask()));
}

TEST_CASE("a changed rate has the first look again, and refuses those who would wait too long",
          "[rate_limiter]") {
    Drained bench(Drained::with(1s, 100));
    const auto first = bench.ask();
    const auto second = bench.ask();
    bench.now += 50ms;
    SECTION("quicker") {
        bench.limiter.set_rate(bench.now, 100, 1s, 1);
        REQUIRE(first->woken());
        CHECK(waits(first->ask()));
        CHECK(first->answer.until - bench.now <= 5ms + 1ns);
        CHECK_FALSE(second->woken());
    }
    SECTION("slower") {
        bench.limiter.set_rate(bench.now, 1, 1s, 1);
        REQUIRE(first->woken());
        REQUIRE(second->woken());
        CHECK(waits(first->ask()));
        CHECK(first->answer.until - bench.now > 499ms);
        CHECK(rejects(second->ask()));
    }
    SECTION("so slow that nobody can wait") {
        bench.limiter.set_rate(bench.now, 1, 1h, 1);
        CHECK(rejects(first->ask()));
        CHECK(rejects(second->ask()));
        CHECK(bench.snapshot().queued == 0);
    }
}

TEST_CASE("those who come late for their tokens are no reason for a burst", "[rate_limiter]") {
    Drained bench;
    std::vector<std::unique_ptr<Bench::Caller>> waiting;
    for (int i = 0; i < 5; ++i) {
        waiting.push_back(bench.ask());
    }
    bench.now += 10s; // nobody ran meanwhile
    int passed = 0;
    for (bool any = true; any;) {
        any = false;
        for (const auto& one : waiting) {
            if (one->due()) {
                any = true;
                passed += proceeds(one->ask()) ? 1 : 0;
            }
        }
    }
    CHECK(passed == 1);
}

TEST_CASE("a woken waiter may bring along others: no waker is called under the limiter's lock",
          "[rate_limiter]") {
    struct Asking final : Waker::Target {
        explicit Asking(Bench& of) : bench(&of) {}
        void wake() noexcept override { asked = bench->ask(); }
        Bench* bench;
        std::unique_ptr<Bench::Caller> asked;
    };
    Drained bench;
    const auto first = bench.ask();
    const auto second = bench.caller();
    const auto asking = std::make_shared<Asking>(bench);
    REQUIRE(waits(second->call.admit()));
    REQUIRE(bench.limiter.enqueue(second->call.mine(), Waker(asking)));
    first->leave();
    REQUIRE(asking->asked != nullptr);
    CHECK(asking->asked->waiting());
}
