#pragma once

/// \file
/// Calls that really wait, for tests with threads.

#include <backstay/core/protocol.hpp>
#include <backstay/core/waker.hpp>

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace backstay::test {

class BlockingTarget final : public Waker::Target {
public:
    void wake() noexcept override {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return woken_; });
        woken_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

/// Asks until the call is admitted or refused, waiting as a driver does; a wait ends by its waker alone.
template <class Call>
Admission admit_waiting(Call& call, const std::shared_ptr<BlockingTarget>& target) {
    Admission answer = call.admit();
    while (answer.answer == Admission::Answer::wait) {
        if (call.policy().enqueue(call.mine(), Waker(target))) {
            target->wait();
        }
        answer = call.admit();
    }
    return answer;
}

#ifdef __SANITIZE_THREAD__
inline constexpr int usual_rounds = 250'000;
#else
inline constexpr int usual_rounds = 5'000;
#endif

/// How often each of four threads does what a test is about: a million times together where a race would be
/// seen. BACKSTAY_TEST_ROUNDS in the environment says otherwise.
inline const int rounds = [] {
    const char* const asked = std::getenv("BACKSTAY_TEST_ROUNDS"); // NOLINT(concurrency-mt-unsafe)
    return asked != nullptr ? std::atoi(asked) : usual_rounds;
}();

/// Runs `work(thread number)` in four threads.
template <class Work>
void in_four_threads(Work work) {
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&work, number] { work(number); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

} // namespace backstay::test
