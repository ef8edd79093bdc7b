#include "api/token_store.hpp"

#include "support/catch.hpp"

#include "policy/blocking_call.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;
using detail::TokenStore;
using detail::TokenWaiter;
using Kind = TokenStore::Answer::Kind;

TEST_CASE("Threads share one refresh at a time, and none of them waits for ever", "[threads]") {
    constexpr int rounds = 250'000; // of each of four threads
    const TimePoint now{1h};
    const auto store = std::make_shared<TokenStore>(TokenProvider{}, RefreshOptions{.min_interval = 0s});
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> begun{0};
    const auto refresh = [&](std::uint64_t number) {
        const int together = running.fetch_add(1) + 1;
        most.store(std::max(most.load(), together));
        const int round = begun.fetch_add(1);
        if (round % 4 == 0) {
            std::this_thread::yield(); // so that others come to wait
        }
        running.fetch_sub(1);
        switch (round % 5) {
        case 0:
            return store->failed(number, ApiError{Failure{.kind = FailureKind::server_error}}, now);
        case 1:
            return store->abandoned(number);
        case 2:
            store->overdue(number, ApiError{Failure{.kind = FailureKind::attempt_timeout}}, now);
            [[fallthrough]];
        default:
            return store->succeeded(number, {.value = "t"}, now);
        }
    };
    in_four_threads([&](int offset) {
        const auto target = std::make_shared<BlockingTarget>();
        for (int round = offset; round < rounds + offset; ++round) {
            TokenWaiter waiter{store};
            const auto current = store->current();
            const std::uint64_t refused = current && round % 3 == 0 ? current->version : 0;
            for (;;) {
                const auto answer = store->ask(refused, &waiter, now);
                if (answer.begin != 0) {
                    refresh(answer.begin);
                }
                if (answer.kind != Kind::wait) {
                    break;
                }
                if (round % 7 == 0) {
                    (void)store->enqueue(waiter, Waker{target}); // cancelled while it waits
                    break;
                }
                if (store->enqueue(waiter, Waker{target})) {
                    target->wait();
                }
            }
            store->leave(waiter);
        }
    });
    CHECK(most.load() == 1);
    CHECK(begun.load() > 1'000);
    CHECK(store->current()->version <= static_cast<std::uint64_t>(begun.load()));
}
