#include <backstay/policy/adaptive_concurrency.hpp>

#include "support/catch.hpp"

#include "support/policy_call.hpp"

#include <backstay/policy/concurrency_limit.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

constexpr double calls_per_second = 600;
constexpr Duration service_time = 50ms;
constexpr Duration caller_timeout = 1s;
constexpr std::size_t service_queue = 2'000;
constexpr int seconds_played = 180;

/// Three minutes of a service that has only half of its 40 threads from the 60th second to the 120th, and of
/// its callers, each of whom leaves after a second. The service does not notice who has left.
template <class P>
class Spell {
public:
    explicit Spell(P policy) : policy_(std::move(policy)) {}

    void play() {
        in(0s, [this] { arrive(); });
        in(60s, [this] { threads_ = 20; });
        in(120s, [this] {
            threads_ = 40;
            work();
        });
        while (events_.top().at < start_of_test + std::chrono::seconds(seconds_played)) {
            const Event event = events_.top();
            events_.pop();
            now_ = event.at;
            event.happens();
            ask_woken();
        }
    }

    /// Answers in time, per second, from one second to another.
    [[nodiscard]] double goodput(int from, int to) const {
        return std::accumulate(good_.begin() + from, good_.begin() + to, 0.0) / (to - from);
    }
    /// The longest that one of them took.
    [[nodiscard]] Duration longest(int from, int to) const {
        return *std::max_element(longest_.begin() + from, longest_.begin() + to);
    }
    /// Attempts whose callers left before the answer.
    [[nodiscard]] int too_late() const { return too_late_; }

private:
    using Id = std::uint64_t;

    struct Event {
        TimePoint at;
        std::uint64_t number;
        std::function<void()> happens;
        bool operator<(const Event& other) const { // the earliest is on top
            return std::pair(at, number) > std::pair(other.at, other.number);
        }
    };

    struct Client {
        Client(const P& policy, TimePoint& clock) : arrived(clock), call(policy, clock) {}
        TimePoint arrived;
        PolicyCall<P> call;
    };

    struct Bell final : Waker::Target {
        Bell(std::vector<Id>& of, Id caller) : woken(of), id(caller) {}
        void wake() noexcept override { woken.push_back(id); }
        std::vector<Id>& woken;
        Id id;
    };

    void in(Duration wait, std::function<void()> happens) {
        events_.push({.at = now_ + wait, .number = ++events_made_, .happens = std::move(happens)});
    }

    void arrive() {
        const double gap = -std::log(1 - random_.unit()) / calls_per_second;
        in(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(gap)), [this] { arrive(); });
        const Id id = ++arrivals_;
        clients_[id] = std::make_unique<Client>(policy_, now_);
        in(caller_timeout, [this, id] { leave(id); });
        ask(id);
    }

    void ask(Id id) {
        PolicyCall<P>& call = clients_.at(id)->call;
        const Admission::Answer answer = call.admit().answer;
        if (answer == Admission::Answer::proceed) {
            call.begin_attempt();
            queue_.push_back(id);
            work();
        } else if (answer == Admission::Answer::reject) {
            clients_.erase(id);
        } else if (!call.policy().enqueue(call.mine(), Waker(std::make_shared<Bell>(woken_, id)))) {
            ask(id);
        }
    }

    void ask_woken() {
        while (!woken_.empty()) {
            const Id id = woken_.back();
            woken_.pop_back();
            if (clients_.count(id) != 0) {
                ask(id);
            }
        }
    }

    void leave(Id id) {
        const auto found = clients_.find(id);
        if (found == clients_.end()) {
            return;
        }
        if (found->second->call.context.attempt > 0) {
            ++too_late_;
            found->second->call.settle(lost(FailureKind::deadline_exceeded));
        }
        clients_.erase(found);
    }

    void work() {
        for (; busy_ < threads_ && !queue_.empty(); ++busy_) {
            in(service_time, [this, id = queue_.front()] {
                --busy_;
                answer(id);
                work();
            });
            queue_.pop_front();
        }
        if (queue_.size() > service_queue) {
            refuse(queue_.back());
            queue_.pop_back();
        }
    }

    void answer(Id id) {
        const auto found = clients_.find(id);
        if (found == clients_.end()) {
            return;
        }
        const auto second = static_cast<std::size_t>((now_ - start_of_test) / 1s);
        ++good_[second];
        longest_[second] = std::max(longest_[second], now_ - found->second->arrived);
        found->second->call.settle(nullptr);
        clients_.erase(found);
    }

    void refuse(Id id) {
        if (const auto found = clients_.find(id); found != clients_.end()) {
            found->second->call.settle(reply(503));
            clients_.erase(found);
        }
    }

    P policy_;
    TimePoint now_ = start_of_test;
    Random random_{1};
    std::priority_queue<Event> events_;
    std::uint64_t events_made_ = 0;
    Id arrivals_ = 0;
    std::vector<Id> woken_; // outlives the clients: one that ends may wake another
    std::unordered_map<Id, std::unique_ptr<Client>> clients_;
    std::deque<Id> queue_; ///< of the service
    int threads_ = 40;
    int busy_ = 0;
    int too_late_ = 0;
    std::array<int, seconds_played> good_{};
    std::array<Duration, seconds_played> longest_{};
};

} // namespace

TEST_CASE("half the capacity: an unlimited client gets nothing, a learned limit all there is",
          "[adaptive_concurrency]") {
    Spell unlimited(ConcurrencyLimit({.limit = 1'000'000}));
    unlimited.play();
    CHECK(unlimited.goodput(30, 60) > 550);
    CHECK(unlimited.goodput(70, 120) < 5); // the service works for callers that have left

    for (const LimitAlgorithm algorithm : {LimitAlgorithm::gradient2, LimitAlgorithm::aimd}) {
        CAPTURE(to_string(algorithm));
        Spell limited(AdaptiveConcurrency({.algorithm = algorithm}));
        limited.play();
        CHECK(limited.goodput(30, 60) > 550);
        CHECK(limited.goodput(60, 120) > 390);
        CHECK(limited.goodput(130, 180) > 550);
        CHECK(limited.too_late() == 0);
    }
}

TEST_CASE("a limit learned from latency keeps it low while capacity lacks, one learned from drops does not",
          "[adaptive_concurrency]") {
    Spell by_latency(AdaptiveConcurrency{});
    Spell by_drops(AdaptiveConcurrency({.algorithm = LimitAlgorithm::aimd}));
    by_latency.play();
    by_drops.play();
    CHECK(by_latency.longest(100, 120) < 250ms);
    CHECK(by_drops.longest(100, 120) > 500ms);
    CHECK(by_drops.longest(100, 120) < 600ms);
}

TEST_CASE("averaging over windows is what keeps the long average from following an overload at once",
          "[adaptive_concurrency]") {
    AdaptiveConcurrencyOptions options;
    options.gradient2.window = 0ms;
    options.gradient2.window_samples = 1;
    Spell each_for_itself(AdaptiveConcurrency{options});
    each_for_itself.play();
    CHECK(each_for_itself.longest(100, 120) > 500ms);
}
