#include "http/pool_policy.hpp"

#include "support/catch.hpp"

#include <memory>
#include <set>
#include <utility>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using Grant = OriginPool::Grant;
using Waiter = OriginPool::Waiter;

const int here = 1;
const int there = 2;
const TimePoint noon = TimePoint{} + 12h;

/// Tells a set that it is alive, so that a test sees what was closed.
struct Probe final : Poolable {
    Probe(std::set<int>& alive, int number_) : known(alive), number(number_) { known.insert(number); }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() override { known.erase(number); }

    std::set<int>& known;
    int number;
};

struct Fixture {
    explicit Fixture(std::size_t connections = 2, std::size_t handshakes = 2)
        : pool(OriginPool::Limits{connections, handshakes}) {}

    std::set<int> alive;
    OriginPool pool;
    TimePoint now = noon;

    Grant arrive(Waiter& waiter, const void* context = &here) {
        waiter.context = context;
        pool.arrive(waiter, now);
        return waiter.grant;
    }

    void keep(int number, const void* context = &here, Duration idle_for = 30s) {
        PoolableHandle idle = std::make_unique<Probe>(alive, number);
        idle->context = context;
        idle->idle_until = now + idle_for;
        pool.returned(idle);
    }

    /// Makes a connection and puts it away.
    void open(int number, const void* context = &here, Duration idle_for = 30s) {
        Waiter waiter;
        REQUIRE(arrive(waiter, context) == Grant::connect);
        pool.connected();
        keep(number, context, idle_for);
    }

    static int number(const Waiter& waiter) { return static_cast<Probe&>(*waiter.connection).number; }
};

} // namespace

TEST_CASE("a first call connects", "[http][pool_policy]") {
    Fixture f;
    Waiter first;
    CHECK(f.arrive(first) == Grant::connect);
    CHECK(f.pool.open() == 1);
    CHECK(f.pool.connecting() == 1);
}

TEST_CASE("the connection used last is taken first", "[http][pool_policy]") {
    Fixture f;
    Waiter a;
    Waiter b;
    f.arrive(a);
    f.arrive(b);
    f.pool.connected();
    f.pool.connected();
    f.keep(1);
    f.keep(2);
    Waiter next;
    REQUIRE(f.arrive(next) == Grant::reuse);
    CHECK(Fixture::number(next) == 2);
}

TEST_CASE("an idle connection of another context is not taken", "[http][pool_policy]") {
    Fixture f;
    f.open(1, &there);
    Waiter waiter;
    CHECK(f.arrive(waiter, &here) == Grant::connect);
    CHECK(f.alive == std::set<int>{1});
}

TEST_CASE("at the limit an idle connection of another context makes room", "[http][pool_policy]") {
    Fixture f(1);
    f.open(1, &there);
    Waiter waiter;
    CHECK(f.arrive(waiter, &here) == Grant::connect);
    CHECK(f.alive.empty());
    CHECK(f.pool.open() == 1);
}

TEST_CASE("beyond the limit calls wait, and are served in the order of arrival", "[http][pool_policy]") {
    Fixture f(1);
    Waiter holder;
    Waiter first;
    Waiter second;
    f.arrive(holder);
    f.pool.connected();
    CHECK(f.arrive(first) == Grant::none);
    CHECK(f.arrive(second) == Grant::none);
    CHECK(f.pool.next(f.now) == nullptr);

    SECTION("by a connection that comes back") {
        f.keep(1);
        REQUIRE(f.pool.next(f.now) == &first);
        CHECK(first.grant == Grant::reuse);
        CHECK(f.pool.next(f.now) == nullptr);
    }
    SECTION("by the place of one that was closed") {
        f.pool.closed();
        REQUIRE(f.pool.next(f.now) == &first);
        CHECK(first.grant == Grant::connect);
    }
    SECTION("not who has left") {
        f.pool.leave(first);
        f.keep(1);
        CHECK(f.pool.next(f.now) == &second);
    }
    SECTION("and a newcomer does not overtake them") {
        f.pool.closed();
        Waiter newcomer;
        CHECK(f.arrive(newcomer) == Grant::none);
        CHECK(f.pool.next(f.now) == &first);
    }
}

TEST_CASE("handshakes at once are limited", "[http][pool_policy]") {
    Fixture f(10, 1);
    Waiter first;
    Waiter second;
    CHECK(f.arrive(first) == Grant::connect);
    CHECK(f.arrive(second) == Grant::none);

    SECTION("the next begins when one is over") {
        f.pool.connected();
    }
    SECTION("the next begins when one has failed") {
        f.pool.not_connected();
    }
    REQUIRE(f.pool.next(f.now) == &second);
    CHECK(second.grant == Grant::connect);
}

TEST_CASE("who waits in another context may take what the first in the queue cannot use",
          "[http][pool_policy]") {
    Fixture f(2, 1);
    Waiter connecting;
    Waiter first;
    Waiter second;
    f.open(1, &there);
    Waiter user;
    REQUIRE(f.arrive(user, &there) == Grant::reuse);
    f.arrive(connecting, &here);
    f.arrive(first, &here);
    f.arrive(second, &there);
    f.pool.returned(user.connection);
    CHECK(f.pool.next(f.now) == &second);
    CHECK(f.pool.next(f.now) == nullptr);
}

TEST_CASE("a connection is not taken after its time", "[http][pool_policy]") {
    Fixture f;
    f.open(1, &here, 30s);

    SECTION("as an idle one") {
        f.now += 30s;
    }
    SECTION("as an old one") {
        Waiter taken;
        REQUIRE(f.arrive(taken) == Grant::reuse);
        taken.connection->retire_at = f.now;
        f.pool.returned(taken.connection);
    }
    Waiter waiter;
    CHECK(f.arrive(waiter) == Grant::connect);
    CHECK(f.alive.empty());
    CHECK(f.pool.open() == 1);
}

TEST_CASE("eviction takes the oldest, of that context or of any", "[http][pool_policy]") {
    Fixture f(5, 5);
    f.open(1, &there);
    f.open(2, &here);
    Waiter busy;
    CHECK(f.pool.evict(&here) != nullptr);
    CHECK(f.alive == std::set<int>{1});
    CHECK(f.pool.evict(&here) == nullptr);
    CHECK(f.pool.evict(nullptr) != nullptr);
    CHECK(f.pool.unused());
}

TEST_CASE("what has expired is given up in all contexts, and makes room", "[http][pool_policy]") {
    Fixture f(2, 2);
    f.open(1, &there, 10s);
    f.open(2, &here, 20s);
    CHECK(f.pool.oldest(nullptr)->idle_until == noon + 10s);
    CHECK(f.pool.oldest(&here)->idle_until == noon + 20s);
    f.pool.retire_expired(noon + 10s);
    CHECK(f.alive == std::set<int>{2});
    CHECK(f.pool.open() == 1);
    f.pool.retire_expired(noon + 20s);
    CHECK(f.pool.oldest(nullptr) == nullptr);
    CHECK(f.pool.unused());
}

TEST_CASE("a closed pool refuses each waiter once", "[http][pool_policy]") {
    Fixture f(1);
    Waiter holder;
    Waiter waiting;
    f.arrive(holder);
    f.arrive(waiting);
    CHECK(f.pool.refuse_next() == &waiting);
    CHECK(waiting.grant == Grant::refused);
    CHECK(f.pool.refuse_next() == nullptr);
}

TEST_CASE("an idle connection is kept for less than the server announced", "[http][pool_policy]") {
    CHECK(idle_lifetime(std::nullopt, 30s) == 30s);
    CHECK(idle_lifetime(60s, 30s) == 56s);
    CHECK(idle_lifetime(6s, 30s) == 2s);
    CHECK(idle_lifetime(5s, 30s) == 4s);
    CHECK(idle_lifetime(2s, 30s) == 1s);
    CHECK(idle_lifetime(1s, 30s) == 500ms);
    CHECK(idle_lifetime(0s, 30s) == 0s);
    CHECK(idle_lifetime(std::chrono::seconds::max(), 30s) == 24h - 4s);
}

TEST_CASE("idle connections whose time is over are counted as stale until a call closes them",
          "[http][pool_policy]") {
    Fixture fixture(3);
    fixture.open(1, &here, 10s);
    fixture.open(2, &there, 20s);
    CHECK(fixture.pool.stale(fixture.now) == 0);
    fixture.now += 10s;
    CHECK(fixture.pool.stale(fixture.now) == 1);
    Waiter waiter;
    CHECK(fixture.arrive(waiter) == Grant::connect);
    CHECK(fixture.pool.stale(fixture.now) == 0);
    CHECK(fixture.pool.idle() == 1);
    CHECK(fixture.pool.stale(fixture.now + 10s) == 1);
}
