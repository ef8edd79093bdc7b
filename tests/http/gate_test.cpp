#include "http/gate.hpp"

#include "support/catch.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

using namespace backstay;

namespace {

asio::awaitable<void> wait_at(std::shared_ptr<Gate> gate, bool& passed) {
    co_await gate->wait();
    passed = true;
}

/// A coroutine that waits at a gate of its own.
struct Waiting {
    explicit Waiting(asio::io_context& context) : gate(std::make_shared<Gate>(context.get_executor())) {
        asio::co_spawn(context, wait_at(gate, passed), asio::detached);
    }
    std::shared_ptr<Gate> gate;
    bool passed = false;
};

} // namespace

TEST_CASE("a gate that is opened lets its waiter pass, before or after it came", "[gate]") {
    for (const bool before : {true, false}) {
        asio::io_context context;
        Waiting waiting{context};
        const Gate::Opener opener = waiting.gate->opener();
        if (before) {
            opener.open();
        }
        context.poll();
        CHECK(waiting.passed == before);
        opener.open();
        opener.open();
        context.poll();
        CHECK(waiting.passed);
    }
}

TEST_CASE("an opener may outlive gate and context", "[gate]") {
    Gate::Opener opener;
    {
        asio::io_context context;
        Waiting waiting{context};
        opener = waiting.gate->opener();
        context.poll();
    }
    opener.open();
    Gate::Opener{}.open();
}

TEST_CASE("a gate may be opened while its context is being destroyed on another thread", "[gate][threads]") {
    std::atomic<Gate::Opener*> handed{nullptr};
    std::atomic<bool> done{false};
    std::thread other([&] {
        while (!done) {
            if (Gate::Opener* const opener = handed.exchange(nullptr)) {
                opener->open();
                delete opener;
            }
        }
    });
    for (int round = 0; round < 5'000; ++round) {
        asio::io_context context;
        auto waiting = std::make_unique<Waiting>(context);
        context.poll();
        auto* const opener = new Gate::Opener{waiting->gate->opener()};
        waiting->gate.reset(); // the coroutine alone holds it now
        delete handed.exchange(opener);
        if (round % 2 == 0) {
            std::this_thread::yield();
        }
    }
    done = true;
    other.join();
    delete handed.load();
}
