#include <backstay/api/api_client.hpp>

#include "support/catch.hpp"

#include "every_policy_scene.hpp"

#include <functional>
#include <iostream>
#include <memory>
#include <optional>

// A call through all policies at once, interrupted before each of its handlers: by a cancel, and by the end
// of its context. Whatever it waits for then, it leaves nothing behind.

using namespace backstay;
using namespace backstay::test;

namespace {

using Answer = PlannedServer::Answer;

/// Interrupts a scene of its own before each handler, until the call has ended by then; tells how many.
int for_every_handler(const Scenario& scenario, const std::function<void(Scene&)>& interrupt) {
    for (int handlers = 0;; ++handlers) {
        INFO(scenario.name << ", after " << handlers << " handlers");
        const auto scene = std::make_unique<Scene>(scenario);
        for (int i = 0; i < handlers; ++i) {
            scene->step();
        }
        if (scene->call().ended()) {
            return handlers;
        }
        interrupt(*scene);
    }
}

void none(EveryPolicy::Options& /*options*/) {}
void alone(Scene& /*scene*/) {}

bool succeeded(const Scene& scene) {
    return scene.call().outcome && scene.call().outcome->has_value();
}

std::optional<FailureKind> failure_of(const Scene& scene) {
    return scene.call().outcome && !*scene.call().outcome
               ? std::optional(scene.call().outcome->error().kind())
               : std::nullopt;
}

const Scenario scenarios[] = {
    {.name = "the token is fetched, refused and fetched anew",
     .set = none,
     .plan = [](const std::string&, int) { return Answer{}; },
     .others =
         [](Scene& scene) {
             scene.revoke_token();
             scene.begin("/other");
         },
     .shows =
         [](const Scene& scene) { return succeeded(scene) && scene.ledger().calls.at("/call").begun == 2; },
     .resumptions = 15},
    {.name = "an answer, a failure and an attempt that takes too long",
     .set = [](EveryPolicy::Options& options) { options.attempt = 2s; },
     .plan =
         [](const std::string&, int number) {
             return Answer{.status = number == 3 ? 204 : 500, .takes = number == 2 ? 100s : 10ms};
         },
     .others = alone,
     .shows =
         [](const Scene& scene) {
             const Ledger::Call& call = scene.ledger().calls.at("/call");
             return succeeded(scene) && call.hedges == 1 && call.repeats == 1;
         },
     .resumptions = 15},
    {.name = "503s close the gate, and the call is the probe that opens it",
     .set =
         [](EveryPolicy::Options& options) {
             options.cool_down.unavailable_count = 2;
             options.breaker.consecutive_failures = 10;
         },
     .plan =
         [](const std::string& path, int number) {
             return path == "/call" ? Answer{.status = number == 1 ? 500 : 204}
                                    : Answer{.status = number == 1 ? 503 : 204, .wait_seconds = 12};
         },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.begin("/second");
             scene.run_for(1s);
         },
     .shows =
         [](const Scene& scene) {
             return succeeded(scene) &&
                    scene.policies().cool_down.snapshots(scene.now()).at(0).gate.held == 2;
         },
     .resumptions = 10,
     .followers = 1},
    {.name = "a 429 holds the call back",
     .set = none,
     .plan =
         [](const std::string& path, int number) {
             return path == "/first" && number == 1 ? Answer{.status = 429, .wait_seconds = 2} : Answer{};
         },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.run_for(1s);
             scene.begin("/second");
         },
     .shows =
         [](const Scene& scene) {
             return succeeded(scene) &&
                    scene.policies().cool_down.snapshots(scene.now()).at(0).gate.held == 2;
         },
     .resumptions = 8},
    {.name = "503s until the breaker refuses the repeat",
     .set =
         [](EveryPolicy::Options& options) {
             options.cool_down.unavailable_count = 10;
             options.breaker.consecutive_failures = 3;
         },
     .plan = [](const std::string&, int) { return Answer{.status = 503, .wait_seconds = 1}; },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.begin("/second");
         },
     .shows =
         [](const Scene& scene) {
             return failure_of(scene) == FailureKind::service_unavailable &&
                    scene.policies().breaker.snapshots(scene.now()).at(0).circuit.openings > 0;
         },
     .resumptions = 8},
    {.name = "a hedge fires, waits for its token, and wins",
     .set =
         [](EveryPolicy::Options& options) {
             options.hedge.delay = 100ms;
             options.rate_limiter = {.rate = 1, .burst = 1, .max_wait = 5s};
         },
     .plan = [](const std::string&, int number) { return Answer{.takes = number == 1 ? 5s : 50ms}; },
     .others = alone,
     .shows =
         [](const Scene& scene) {
             return succeeded(scene) && scene.ledger().calls.at("/call").hedges == 1 &&
                    scene.policies().rate_limiter.snapshot(scene.now()).waited == 1;
         },
     .resumptions = 12},
    {.name = "a hedge and the first attempt fail, and the repeat has a hedge too",
     .set = [](EveryPolicy::Options& options) { options.hedge.delay = 100ms; },
     .plan =
         [](const std::string&, int number) {
             return Answer{.status = number < 4 ? 500 : 204, .takes = number % 2 == 1 ? 3s : 1s};
         },
     .others = alone,
     .shows =
         [](const Scene& scene) {
             return succeeded(scene) && scene.ledger().calls.at("/call").hedges == 2 &&
                    scene.ledger().calls.at("/call").repeats == 1;
         },
     .resumptions = 20},
    {.name = "a hedge waits for a slot of the full limit while the first attempt runs",
     .set =
         [](EveryPolicy::Options& options) {
             options.hedge.delay = 100ms;
             options.limit = {.limit = 2, .max_queued = 2};
         },
     .plan =
         [](const std::string& path, int number) {
             return Answer{.takes = path == "/first" ? 500ms : number == 1 ? 2s : 50ms};
         },
     .others = [](Scene& scene) { scene.begin("/first"); },
     .shows =
         [](const Scene& scene) { return succeeded(scene) && scene.ledger().calls.at("/call").begun == 2; },
     .resumptions = 12},
    {.name = "the call queues for a slot, and the next one finds the queue full",
     .set = [](EveryPolicy::Options& options) { options.limit = {.limit = 1, .max_queued = 2}; },
     .plan = [](const std::string&, int) { return Answer{.takes = 500ms}; },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.run_for(200ms);
             scene.begin("/second");
             scene.run_for(1ms);
         },
     .shows =
         [](const Scene& scene) {
             return succeeded(scene) && scene.ledger().calls.at("/follower-1").begun == 0;
         },
     .resumptions = 8,
     .followers = 1},
    {.name = "the queue is full",
     .set = [](EveryPolicy::Options& options) { options.limit = {.limit = 1, .max_queued = 1}; },
     .plan = [](const std::string&, int) { return Answer{.takes = 500ms}; },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.begin("/second");
             scene.run_for(200ms);
         },
     .shows = [](const Scene& scene) { return failure_of(scene) == FailureKind::concurrency_rejected; },
     .resumptions = 1},
    {.name = "the call queues at the learned limit",
     .set =
         [](EveryPolicy::Options& options) { options.adaptive.limit = {.initial = 1, .min = 1, .max = 1}; },
     .plan = [](const std::string&, int) { return Answer{.takes = 500ms}; },
     .others =
         [](Scene& scene) {
             scene.begin("/first");
             scene.run_for(200ms);
             scene.begin("/second");
         },
     .shows = succeeded,
     .resumptions = 8},
    {.name = "the call waits for the probe's result",
     .set =
         [](EveryPolicy::Options& options) {
             options.breaker.consecutive_failures = 1;
             options.breaker.probes = options.breaker.probe_successes = 1;
             options.breaker.open_for = 1s;
         },
     .plan = [](const std::string& path,
                int) { return path == "/bad" ? Answer{.status = 500} : Answer{.takes = 1s}; },
     .others =
         [](Scene& scene) {
             scene.begin("/bad", false);
             scene.run_for(2s);
             scene.begin("/probe");
             scene.run_for(1ms);
             scene.begin("/second");
         },
     .shows = succeeded,
     .resumptions = 8},
    {.name = "the call is the probe for whose result others wait",
     .set =
         [](EveryPolicy::Options& options) {
             options.breaker.consecutive_failures = 1;
             options.breaker.probes = 1;
             options.breaker.open_for = 1s;
         },
     .plan = [](const std::string& path,
                int) { return path == "/bad" ? Answer{.status = 500} : Answer{.takes = 1s}; },
     .others =
         [](Scene& scene) {
             scene.begin("/bad", false);
             scene.run_for(2s);
         },
     .shows = succeeded,
     .resumptions = 3,
     .followers = 2},
    {.name = "chaos holds attempts up and fails them",
     .set =
         [](EveryPolicy::Options& options) {
             options.chaos = {.status_rate = 0.6, .latency_rate = 1, .latency = 300ms};
             options.hedge.delay = 100ms;
         },
     .plan = [](const std::string&, int) { return Answer{}; },
     .others = alone,
     .shows = [](const Scene& scene) { return scene.policies().chaos.snapshot().statuses > 0; },
     .resumptions = 10},
    {.name = "the call's deadline passes in a repeat",
     .set =
         [](EveryPolicy::Options& options) {
             options.total = 3s;
             options.retry.max_attempts = 0;
             options.attempt = 1s;
         },
     .plan = [](const std::string&, int) { return Answer{.takes = 100s}; },
     .others = alone,
     .shows = [](const Scene& scene) { return failure_of(scene).has_value(); },
     .resumptions = 10},
};

TEST_CASE("a call through every policy shows what each scene is about when nobody interrupts it",
          "[every_policy]") {
    for (const Scenario& scenario : scenarios) {
        INFO(scenario.name);
        Scene scene{scenario};
        while (scene.step()) {
        }
        CHECK(scenario.shows(scene));
        scene.check_outcomes();
        scene.check_given_back();
        scene.check_next_call();
    }
}

TEST_CASE(
    "a call through every policy cancelled at the k-th resumption gives all back and has one outcome, for "
    "every k",
    "[every_policy][cancel]") {
    for (const Scenario& scenario : scenarios) {
        Scene undisturbed{scenario};
        while (undisturbed.step()) {
        }
        int canceled = 0;
        const int handlers = for_every_handler(scenario, [&](Scene& scene) {
            scene.cancel();
            scene.check_outcomes();
            scene.check_given_back();
            const auto kind = failure_of(scene);
            canceled += scene.call().thrown || kind == FailureKind::canceled ? 1 : 0;
            CHECK((scene.call().thrown || kind == FailureKind::canceled || kind == failure_of(undisturbed)));
            scene.check_next_call();
        });
        INFO(scenario.name);
        std::cout << "every policy: " << scenario.name << ": cancelled before each of " << handlers
                  << " handlers, " << canceled << " ended as canceled\n";
        CHECK(handlers >= scenario.resumptions);
        CHECK(canceled >= handlers - 5); // towards the end the outcome was known
    }
}

TEST_CASE(
    "a context destroyed at the k-th resumption of a call through every policy leaves nothing held, for "
    "every k",
    "[every_policy]") {
    for (const Scenario& scenario : scenarios) {
        const int handlers = for_every_handler(scenario, [&](Scene& scene) {
            scene.destroy_context();
            scene.check_given_back();
            scene.check_next_call();
        });
        INFO(scenario.name);
        CHECK(handlers >= scenario.resumptions);
    }
}

} // namespace
