#include "pipeline/detail/entropy.hpp"

#include <backstay/core/random.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <random>

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace backstay::inline BACKSTAY_ABI::detail {

namespace {

std::atomic<std::uint64_t> forks{1};

bool count_forks() noexcept {
#if __has_include(<pthread.h>)
    return pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }) == 0;
#else
    return true;
#endif
}

[[maybe_unused]] const bool counting = count_forks();

} // namespace

std::uint64_t process_number() noexcept {
    return forks.load(std::memory_order_relaxed);
}

std::uint64_t fresh_entropy() noexcept {
    try {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    } catch (const std::exception&) {
        static std::atomic<std::uint64_t> draws{0};
        const auto now =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        const auto place = reinterpret_cast<std::uintptr_t>(&draws);
        return Random{now ^ place ^ draws.fetch_add(1, std::memory_order_relaxed)}.next();
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
