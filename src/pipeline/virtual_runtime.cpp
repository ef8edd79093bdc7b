#include <backstay/pipeline/virtual_runtime.hpp>

#include <backstay/core/random.hpp>

#include <asio/io_context.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

namespace {
constexpr WallTime wall_start{std::chrono::seconds{1767225600}}; // 2026-01-01 00:00:00 UTC
} // namespace

VirtualRuntime::VirtualRuntime(std::uint64_t seed) noexcept
    : now_(TimePoint{} + std::chrono::hours{1}), start_(now_), seeds_(seed) {}

WallTime VirtualRuntime::wall_now() noexcept {
    return wall_start + std::chrono::duration_cast<WallTime::duration>(now_ - start_);
}

std::uint64_t VirtualRuntime::seed() noexcept {
    return Random{seeds_++}.next();
}

void VirtualRuntime::run(asio::io_context& context) {
    while (step(context, end_of_time)) {
    }
}

void VirtualRuntime::run_until(asio::io_context& context, TimePoint until) {
    while (step(context, until)) {
    }
    now_ = std::max(now_, until);
}

bool VirtualRuntime::step(asio::io_context& context, TimePoint until) {
    context.restart();
    context.poll();
    if (timers_.empty() || timers_.earliest() > until) {
        return false;
    }
    now_ = std::max(now_, timers_.earliest());
    timers_.pop().expired();
    return true;
}

} // namespace backstay::inline BACKSTAY_ABI
