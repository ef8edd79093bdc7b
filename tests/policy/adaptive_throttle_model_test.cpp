#include <backstay/policy/adaptive_throttle.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

/// The throttle as one would explain it: every request is kept with its second.
class PlainThrottle {
public:
    explicit PlainThrottle(const AdaptiveThrottleOptions& with) : options(with) {}

    bool refuses(TimePoint now, Priority priority, Random& random) {
        const double share = refusal(now, priority == Priority::critical    ? options.critical_k
                                          : priority == Priority::sheddable ? options.sheddable_k
                                                                            : options.k);
        if (share == 0 || random.unit() >= share) {
            return false;
        }
        ++refused;
        if (!options.dry_run) {
            count(now, false);
        }
        return true;
    }
    void count(TimePoint now, bool accepted) { seen.push_back({bucket(now), accepted}); }

    double refusal(TimePoint now, double k) {
        std::erase_if(seen, [&](const Request& one) { return one.bucket <= bucket(now) - 120; });
        const double requests = static_cast<double>(seen.size());
        const double accepts = static_cast<double>(accepted());
        return requests < options.minimum_requests
                   ? 0
                   : std::max(0.0, std::min(options.max_refusal, (requests - k * accepts) / (requests + 1)));
    }
    [[nodiscard]] std::int64_t accepted() const {
        return std::count_if(seen.begin(), seen.end(), [](const Request& one) { return one.accepted; });
    }

    AdaptiveThrottleOptions options;
    std::uint64_t refused = 0;

    struct Request {
        std::int64_t bucket;
        bool accepted;
    };
    std::deque<Request> seen;

private:
    [[nodiscard]] std::int64_t bucket(TimePoint at) const {
        return at.time_since_epoch() / (options.window / 120);
    }
};

/// Plays one random history on both, comparing after each event; returns a digest of what was seen.
std::uint64_t play(std::uint64_t seed) {
    Random random(seed);
    const auto below = [&](int limit) {
        return static_cast<int>(random.next() % static_cast<unsigned>(limit));
    };
    AdaptiveThrottleOptions options;
    options.k = 1 + 0.5 * below(5);
    options.sheddable_k = 1 + (options.k - 1) / (1 + below(3));
    options.critical_k = options.k * (1 + below(3));
    options.max_refusal = 0.3 * below(4);
    options.window = 1s * (12 + 12 * below(10));
    options.minimum_requests = below(12);
    options.key = below(2) == 0 ? by_origin : nullptr;
    options.dry_run = below(4) == 0;
    const AdaptiveThrottle real(options);
    PlainThrottle model(options);

    const Failure overload = reply(503);
    const int health = below(5); // of four calls so many are accepted
    const int jumps = 1 + below(20);
    TimePoint now = start_of_test;
    std::vector<std::unique_ptr<PolicyCall<AdaptiveThrottle>>> running;
    std::uint64_t digest = seed;
    for (int event = 0; event < 80; ++event) {
        now += below(jumps) == 0 ? 1s * below(20) : 10ms * below(10);
        if (running.empty() || below(2) == 0) {
            CallSettings settings;
            settings.priority = static_cast<Priority>(below(3));
            auto call = std::make_unique<PolicyCall<AdaptiveThrottle>>(real, now, settings, random.next());
            Random same = call->random;
            const bool refused = model.refuses(now, settings.priority, same);
            REQUIRE((call->admit().answer == Admission::Answer::reject) == (refused && !options.dry_run));
            REQUIRE(call->random.next() == same.next()); // drew as often
            digest = digest * 31 + (refused ? 1 : 0);
            if (!refused || options.dry_run) {
                call->begin_attempt();
                running.push_back(std::move(call));
            }
        } else {
            const auto which = static_cast<std::size_t>(below(static_cast<int>(running.size())));
            const auto call = std::move(running[which]);
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
            if (below(10) == 0) {
                continue; // cancelled
            }
            const bool accepted = below(4) < health;
            call->settle(accepted ? nullptr : &overload);
            model.count(now, accepted);
        }
        const double share = model.refusal(now, options.k);
        if (below(3) == 0) { // not each time: looking folds in what is pending
            const AdaptiveThrottleSnapshot seen = real.snapshot(now);
            REQUIRE(seen.requests == model.seen.size());
            REQUIRE(seen.accepts == static_cast<std::uint64_t>(model.accepted()));
            REQUIRE(seen.refused == model.refused);
            REQUIRE(seen.refusal == share);
        }
    }
    return digest;
}

} // namespace

TEST_CASE("the throttle does what the plain model does, in ten thousand random histories",
          "[adaptive_throttle][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        play(seed);
    }
}

TEST_CASE("the same seed plays the same history of a throttle", "[adaptive_throttle][model]") {
    CHECK(play(42) == play(42));
    CHECK(play(42) != play(43));
}
