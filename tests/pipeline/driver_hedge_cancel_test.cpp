#include <backstay/pipeline/detail/fan_out.hpp>

#include "support/call_runner.hpp"
#include "support/catch.hpp"
#include "support/hedge_scene.hpp"
#include "support/probe_policy.hpp"

#include <asio/cancellation_type.hpp>

#include <functional>
#include <iostream>
#include <memory>

// What ends a hedged call from outside: a cancel, a stop, the end of its context; before each of its
// handlers.

namespace {

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using R = Staged::R;

constexpr Failure broken{.kind = FailureKind::server_error, .reach = Reach::answered, .status = 500};

/// Two branches that both wait in a queue first: the first fails late, the second fails later, and the
/// retry's second round is won by its second branch.
struct Scene {
    World world;
    Staged::Log log{.attempts = {{3s, fail(broken)}, {5s, fail(broken)}, {1h, 3}, {1s, 4}}};
    ProbePolicy retry{"retry"};
    ProbeHedge hedge;
    ProbePolicy queue{"queue"};
    ProbePolicy inner{"inner"};
    StopSignal stop;
    std::unique_ptr<Started<R>> call = std::make_unique<Started<R>>();

    Scene() {
        retry->on_settle = [](CallContext& context, const Failure* failure) {
            return failure != nullptr && failure->kind == FailureKind::server_error
                       ? Verdict::again_at(context.now + 1s)
                       : Verdict::pass();
        };
        queue->on_admit = [asked = 0](CallContext& context) mutable {
            return ++asked % 2 == 1 ? Admission::wait(context.now + 100ms) : Admission::proceed();
        };
        CallSettings settings;
        settings.stop = &stop;
        const Pipeline pipeline{retry, hedge, queue, inner};
        start(world, *call, pipeline.run(world.runtime, settings, Staged{&world, &log}));
    }

    /// Runs one handler, or fires one timer; false when nothing is left.
    bool step() {
        world.context.restart();
        if (world.context.poll_one() != 0) {
            return true;
        }
        if (world.runtime.armed() == 0) {
            return false;
        }
        world.runtime.run_next(world.context);
        return true;
    }

    [[nodiscard]] int held() const { return retry->held + queue->held + inner->held; }
};

/// Interrupts a scene of its own before the k-th handler, for every k, until there is none left; tells how
/// many.
int for_every_handler(const std::function<void(Scene&)>& interrupt) {
    for (int k = 1;; ++k) {
        auto scene = std::make_unique<Scene>();
        int handlers = 0;
        while (handlers < k && scene->step()) {
            ++handlers;
        }
        if (handlers < k) {
            REQUIRE(scene->call->outcome);
            CHECK(*scene->call->outcome == 4);
            return k - 1;
        }
        interrupt(*scene);
    }
}

TEST_CASE("a hedged call cancelled at the k-th resumption ends as canceled and holds nothing, for every k",
          "[hedge][driver][cancel]") {
    int canceled = 0;
    const int handlers = for_every_handler([&](Scene& scene) {
        scene.call->cancel.emit(asio::cancellation_type::terminal);
        scene.world.run();
        REQUIRE(scene.call->outcome);
        if (!*scene.call->outcome) {
            CHECK(scene.call->outcome->error().kind == FailureKind::canceled);
            ++canceled;
        }
        CHECK(scene.held() == 0);
        CHECK(scene.world.runtime.armed() == 0);
    });
    std::cout << "hedge: cancelled before each of " << handlers << " handlers, " << canceled
              << " ended as canceled\n";
    CHECK(handlers > 20);
    CHECK(canceled >= handlers - 8); // towards the end the winner was known
}

TEST_CASE("a hedged call stopped at the k-th resumption ends and holds nothing, for every k",
          "[hedge][driver][cancel]") {
    int stopped = 0;
    const int handlers = for_every_handler([&](Scene& scene) {
        scene.stop.request(FailureKind::client_closed);
        scene.world.run();
        REQUIRE(scene.call->outcome);
        stopped += *scene.call->outcome ? 0 : 1;
        CHECK(scene.held() == 0);
        CHECK(scene.world.runtime.armed() == 0);
    });
    CHECK(handlers > 20);
    CHECK(stopped >= handlers - 8);
}

TEST_CASE("a context destroyed at the k-th resumption of a hedged call leaves nothing held, for every k",
          "[hedge][driver]") {
    const int handlers = for_every_handler([&](Scene& scene) {
        std::destroy_at(&scene.world.context);
        CHECK(scene.held() == 0);
        CHECK(scene.world.runtime.armed() == 0);
        std::construct_at(&scene.world.context);
    });
    CHECK(handlers > 20);
}

} // namespace
