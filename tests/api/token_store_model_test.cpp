#include "api/token_store.hpp"

#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using detail::TokenStore;
using detail::TokenWaiter;
using Kind = TokenStore::Answer::Kind;

namespace {

/// The store as one would explain it: every refresh there ever was, and every question answered by looking
/// through them all.
class StoreModel {
public:
    explicit StoreModel(const RefreshOptions& options) : options_(options) {}

    enum class State { runs, overdue, succeeded, failed, abandoned };
    struct Refresh {
        State state = State::runs;
        bool has_failed = false; ///< it was overdue, or ended with an error
        TimePoint told{};        ///< when it was last heard of
        Duration pause{0};       ///< from then to the next
        std::optional<Duration> expires_in{};
    };

    struct Answer {
        Kind kind;
        std::size_t refresh = 0;
        std::size_t begin = 0;
        TimePoint until = end_of_time;
    };

    Answer ask(std::size_t refused, std::size_t waited_for, TimePoint now) {
        const Refresh* const newest = token();
        const std::size_t running = this->running();
        const bool begins = running == 0 && now >= pause_end();
        if (newest != nullptr && version() > refused && now < end_of(*newest)) {
            const bool soon = now >= refresh_time(*newest);
            return {.kind = Kind::proceed, .begin = soon && begins ? begin() : 0};
        }
        for (std::size_t i = waited_for; waited_for != 0 && i <= all.size(); ++i) {
            if (all[i - 1].has_failed) {
                return refuse(now);
            }
        }
        if (running != 0) {
            return all[running - 1].has_failed ? refuse(now) : Answer{.kind = Kind::wait, .refresh = running};
        }
        if (begins) {
            const std::size_t number = begin();
            return {.kind = Kind::wait, .refresh = number, .begin = number};
        }
        return last_failed_ ? refuse(now) : Answer{.kind = Kind::wait, .until = pause_end()};
    }

    void end(std::size_t number, State how, TimePoint now, Duration pause,
             std::optional<Duration> expires_in) {
        Refresh& refresh = all[number - 1];
        refresh.state = how;
        if (how != State::abandoned) {
            refresh.has_failed = refresh.has_failed || how != State::succeeded;
            refresh.told = now;
            refresh.pause = pause;
            last_failed_ = how != State::succeeded;
        }
        refresh.expires_in = expires_in;
    }

    [[nodiscard]] std::size_t running() const {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].state == State::runs || all[i].state == State::overdue) {
                return i + 1;
            }
        }
        return 0;
    }
    [[nodiscard]] std::size_t version() const {
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [](const Refresh& r) { return r.state == State::succeeded; }));
    }

    std::vector<Refresh> all;

private:
    std::size_t begin() {
        all.emplace_back();
        return all.size();
    }
    [[nodiscard]] Answer refuse(TimePoint now) const {
        return {.kind = Kind::refuse, .until = std::max(now, pause_end())};
    }
    [[nodiscard]] const Refresh* token() const {
        const auto found = std::find_if(all.rbegin(), all.rend(),
                                        [](const Refresh& r) { return r.state == State::succeeded; });
        return found != all.rend() ? &*found : nullptr;
    }
    [[nodiscard]] TimePoint pause_end() const {
        TimePoint end{};
        for (const Refresh& refresh : all) {
            if (refresh.told != TimePoint{}) {
                end = refresh.told + refresh.pause; // of the last one
            }
        }
        return end;
    }
    static TimePoint end_of(const Refresh& token) {
        return token.expires_in ? token.told + *token.expires_in : end_of_time;
    }
    [[nodiscard]] TimePoint refresh_time(const Refresh& token) const {
        return token.expires_in
                   ? token.told + *token.expires_in - std::min(options_.ahead, *token.expires_in / 2)
                   : end_of_time;
    }

    RefreshOptions options_;
    bool last_failed_ = false;
};

struct CountingTarget final : Waker::Target {
    int woken = 0;
    void wake() noexcept override { ++woken; }
};

class Run {
public:
    explicit Run(std::uint64_t seed)
        : random_(seed),
          options_{.ahead = below(3) * 10s, .min_interval = below(3) * 500ms},
          store_(std::make_shared<TokenStore>(TokenProvider{}, options_)),
          model_(options_) {}

    std::uint64_t play() {
        for (int step = 0; step < 40; ++step) {
            const auto drawn = below(10);
            if (drawn < 3) {
                calls_.push_back(std::make_unique<Call>(store_, below(2) == 0 ? 0 : model_.version()));
                ask(*calls_.back());
            } else if (drawn < 5 && !calls_.empty()) {
                ask(*calls_[below(calls_.size())]);
            } else if (drawn < 6 && !calls_.empty()) {
                const std::size_t leaver = below(calls_.size());
                calls_[leaver]->waiter.store->leave(calls_[leaver]->waiter);
                calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(leaver));
            } else if (drawn < 8) {
                hear();
            } else {
                now_ += std::array<Duration, 4>{100ms, 500ms, 10s, 30s}[below(4)];
            }
            compare();
        }
        for (const auto& call : calls_) {
            store_->leave(call->waiter);
        }
        return trace_;
    }

private:
    struct Call {
        Call(std::shared_ptr<TokenStore> store, std::size_t version)
            : refused(version), waiter(std::move(store)) {}
        std::size_t refused;
        TokenWaiter waiter;
        std::shared_ptr<CountingTarget> target = std::make_shared<CountingTarget>();
        std::size_t waits_for = 0; ///< what the model says: to be woken when that ends; 0: nothing
        int wakes = 0;             ///< that it should have had
    };

    std::size_t below(std::size_t limit) { return random_.next() % limit; }

    void ask(Call& call) {
        const auto plain = model_.ask(call.refused, call.waiter.refresh, now_);
        const auto real = store_->ask(call.refused, &call.waiter, now_);
        const bool alike = real.kind == plain.kind && real.refresh == plain.refresh &&
                           real.begin == plain.begin && real.until == plain.until;
        REQUIRE(alike);
        if (real.kind == Kind::wait) {
            REQUIRE(store_->enqueue(call.waiter, Waker{call.target}));
        }
        call.waits_for = plain.refresh;
        note(static_cast<std::uint64_t>(real.kind) + real.refresh * 4);
    }

    /// Something is heard of the refresh that runs.
    void hear() {
        const std::size_t number = model_.running();
        if (number == 0) {
            return;
        }
        using State = StoreModel::State;
        const auto how = static_cast<State>(1 + below(4));
        Failure failure{.kind = FailureKind::server_error};
        Duration pause = options_.min_interval;
        std::optional<Duration> expires_in;
        switch (how) {
        case State::succeeded:
            if (below(3) != 0) {
                expires_in = (1 + below(6)) * 10s;
            }
            store_->succeeded(number, {.value = "t", .expires_in = expires_in}, now_);
            break;
        case State::abandoned:
            store_->abandoned(number);
            break;
        default:
            if (below(2) == 0) {
                failure.set_hint(below(10) * 10s);
                pause = std::max(pause, std::min<Duration>(failure.hint, 60s));
            }
            how == State::failed ? store_->failed(number, ApiError{failure}, now_)
                                 : store_->overdue(number, ApiError{failure}, now_);
            break;
        }
        model_.end(number, how, now_, pause, expires_in);
        for (const auto& call : calls_) {
            if (call->waits_for == number) {
                call->waits_for = 0;
                ++call->wakes;
            }
        }
    }

    void compare() {
        REQUIRE(std::all_of(calls_.begin(), calls_.end(),
                            [](const auto& call) { return call->target->woken == call->wakes; }));
        const auto current = store_->current();
        REQUIRE((current ? current->version : 0) == model_.version());
        note(model_.version());
    }
    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001b3U; }

    Random random_;
    RefreshOptions options_;
    std::shared_ptr<TokenStore> store_;
    StoreModel model_;
    std::vector<std::unique_ptr<Call>> calls_;
    TimePoint now_{1h};
    std::uint64_t trace_ = 0xcbf29ce484222325U;
};

} // namespace

TEST_CASE("The store does what its plain model does, whatever happens", "[model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        INFO("seed " << seed);
        Run(seed).play();
    }
}

TEST_CASE("The same seed gives the same trace of a store", "[model]") {
    CHECK(Run(42).play() == Run(42).play());
    CHECK(Run(42).play() != Run(43).play());
}
