#include <backstay/api/credentials.hpp>

#include "support/catch.hpp"

#include "support/token_world.hpp"

#include <asio/detached.hpp>

#include <iostream>
#include <memory>

// Cancellation, and the end of the context, before every handler of a call that waits for its first token, is
// refused, waits for the refresh, and is repeated.

using namespace backstay;
using namespace backstay::test;

namespace {

struct Scene : TokenWorld {
    ApiClient api = client(bearer());
    Started<ApiResult<void>> call;
    Started<ApiResult<void>> other; ///< shares both refreshes

    Scene() { revoked = 1; }
    void begin() {
        start(call, api.get<void>("/r"));
        start(other, api.get<void>("/r"));
    }
    /// Runs one handler, or fires one timer; false when nothing is left.
    bool step() {
        context.restart();
        return context.poll_one() != 0 || runtime.run_next(context);
    }
};

/// True when the call ended before it came to the cancel.
bool cancel_before_handler(int k, int& canceled) {
    Scene scene;
    scene.begin();
    for (int handlers = 0; handlers < k; ++handlers) {
        if (!scene.step()) {
            return true;
        }
    }
    if (scene.call.ended()) {
        return true;
    }
    scene.call.cancel.emit(asio::cancellation_type::terminal);
    scene.run();
    REQUIRE(scene.call.outcome);
    if (!*scene.call.outcome) { // else it came when nothing was left to do
        CHECK(scene.call.outcome->error().kind() == FailureKind::canceled);
        ++canceled;
    }
    REQUIRE(scene.other.outcome);
    CHECK(scene.other.outcome->has_value());
    CHECK(scene.fetched == 2);
    CHECK(scene.fetching == 0);
    CHECK(scene.most_fetching == 1);
    CHECK(scene.runtime.armed() == 0);
    return false;
}

} // namespace

TEST_CASE("a call cancelled at any suspension ends as canceled, and the refresh goes on for the others") {
    int k = 1; // before the first handler `co_spawn` itself throws
    int canceled = 0;
    while (!cancel_before_handler(k, canceled)) {
        ++k;
    }
    --k;
    std::cout << "credentials: cancelled before each of " << k << " handlers, " << canceled
              << " ended as canceled\n";
    CHECK(k > 15);
    CHECK(canceled >= k - 3);
}

TEST_CASE("a context destroyed at any suspension leaves nothing behind") {
    for (int handlers = 0;; ++handlers) {
        auto scene = std::make_unique<Scene>();
        asio::co_spawn(scene->context, scene->api.get<void>("/r"), asio::detached);
        asio::co_spawn(scene->context, scene->api.get<void>("/r"), asio::detached);
        bool more = true;
        for (int i = 0; i < handlers && more; ++i) {
            more = scene->step();
        }
        const std::weak_ptr<TokenServer> server = scene->server;
        scene.reset();
        CHECK(server.expired()); // whatever held the client has gone
        if (!more) {
            CHECK(handlers > 15);
            return;
        }
    }
}
