#pragma once

#include "support/every_policy.hpp"

#include "support/catch.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

class Scene;

struct Scenario {
    std::string name;
    std::function<void(EveryPolicy::Options&)> set;
    PlannedServer::Plan plan;
    std::function<void(Scene&)> others; ///< what has happened, and who is under way, when the call begins
    std::function<bool(const Scene&)> shows; ///< that the undisturbed call met what it was to meet
    int resumptions;                         ///< of the call, at least
    int followers = 0;                       ///< calls that begin right behind it
};

/// One call among others, all through the same policies.
class Scene {
public:
    using Call = RunningCall<ApiResult<void>>;

    explicit Scene(const Scenario& scenario)
        : policies_(options(scenario)), inside_(std::make_unique<Inside>(*this, scenario.plan)) {
        scenario.others(*this);
        call_ = begin("/call");
        for (int i = 1; i <= scenario.followers; ++i) {
            begin("/follower-" + std::to_string(i));
        }
    }

    /// Starts a call of its own path.
    std::shared_ptr<Call> begin(const std::string& path, bool repeats = true) {
        CallOptions options;
        options.operation(path);
        if (!repeats) {
            options.without(Stage::retry);
        }
        return calls_.emplace_back(inside_->world.start(inside_->api.get<void>(path, std::move(options))));
    }
    void run_for(Duration time) { inside_->world.run_for(time); }

    /// Runs one handler, or fires one timer; false when nothing is left.
    bool step() {
        inside_->world.context.restart();
        return inside_->world.context.poll_one() != 0 ||
               inside_->world.runtime.run_next(inside_->world.context);
    }

    void cancel() {
        call_->cancel.emit(asio::cancellation_type::terminal);
        inside_->world.run();
    }
    void destroy_context() {
        now_ = inside_->world.now();
        inside_.reset();
    }
    void revoke_token() { inside_->server->valid = "token-2"; }

    [[nodiscard]] const Call& call() const { return *call_; }
    [[nodiscard]] const EveryPolicy& policies() const { return policies_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }
    [[nodiscard]] TimePoint now() const { return inside_ ? inside_->world.now() : now_; }

    void check_outcomes() const {
        for (const auto& call : calls_) {
            REQUIRE(call->ended());
            if (call != call_ && call->outcome && !*call->outcome) {
                CHECK(call->outcome->error().kind() != FailureKind::canceled);
            }
        }
        for (const auto& [path, call] : ledger_.calls) {
            INFO(path);
            CHECK(call.ended == 1);
        }
        CHECK(inside_->world.runtime.armed() == 0);
        CHECK(inside_->server->live == 0);
    }

    /// Every place, slot and turn is free, and every token that paid for nothing is back.
    void check_given_back() const {
        CHECK(policies_.limit.snapshot().in_flight == 0);
        CHECK(policies_.limit.snapshot().queued == 0);
        CHECK(policies_.adaptive.snapshot().in_flight == 0);
        CHECK(policies_.adaptive.snapshot().queued == 0);
        CHECK(policies_.rate_limiter.snapshot(now()).queued == 0);
        for (const auto& keyed : policies_.breaker.snapshots(now())) {
            CHECK(keyed.circuit.probes_out == 0);
        }
        for (const auto& keyed : policies_.cool_down.snapshots(now())) {
            CHECK(keyed.gate.waiting == 0);
            CHECK_FALSE(keyed.gate.probe_out);
        }
        int spent = 0;
        for (const auto& keyed : policies_.budget.snapshots(now())) {
            spent += static_cast<int>(keyed.budget.withdrawn - keyed.budget.returned);
        }
        int repeats = 0;
        for (const auto& [path, call] : ledger_.calls) {
            repeats += call.repeats;
            const CallKey key{.origin = "https://api.test:443", .operation = path};
            CHECK(policies_.hedge.snapshot(now(), key).tokens == 3 - call.hedges);
        }
        CHECK(spent == repeats);
    }

    /// Nothing that was left behind keeps a later call from its reply.
    void check_next_call() {
        const TimePoint later = now() + 10min;
        policies_.chaos.enable(false);
        inside_ =
            std::make_unique<Inside>(*this, [](const std::string&, int) { return PlannedServer::Answer{}; });
        inside_->world.run_for(later - inside_->world.now());
        const auto next = begin("/next");
        inside_->world.run();
        REQUIRE(next->outcome);
        CHECK(next->outcome->has_value());
        CHECK(ledger_.calls.at("/next").begun == 1);
    }

private:
    struct Inside {
        Inside(Scene& scene, PlannedServer::Plan plan)
            : server(std::make_shared<PlannedServer>(world.runtime, std::move(plan))), api(client(scene)) {}

        ApiClient client(Scene& scene) {
            return {world.context.get_executor(),
                    {.base_url = "https://api.test",
                     .pipeline = scene.policies_.pipeline(),
                     .transport = server,
                     .bearer = {[this] { return fetch(); }},
                     .runtime = &world.runtime,
                     .observer = &scene.ledger_}};
        }
        asio::awaitable<expected<Token, ApiError>> fetch() {
            (void)co_await nap(world.runtime, 100ms);
            co_return Token{.value = "token-" + std::to_string(++fetched)};
        }

        World world;
        std::shared_ptr<PlannedServer> server;
        int fetched = 0;
        ApiClient api;
    };

    static EveryPolicy::Options options(const Scenario& scenario) {
        EveryPolicy::Options made;
        scenario.set(made);
        return made;
    }

    EveryPolicy policies_;
    Ledger ledger_;
    std::vector<std::shared_ptr<Call>> calls_; ///< all
    std::shared_ptr<Call> call_;               ///< that is interrupted
    TimePoint now_{};
    std::unique_ptr<Inside> inside_;
};

} // namespace backstay::test
