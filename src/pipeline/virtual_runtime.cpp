#include <backstay/pipeline/virtual_runtime.hpp>

#include <backstay/core/random.hpp>

#include <asio/io_context.hpp>

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

namespace {
constexpr std::size_t arity = 4;
constexpr WallTime wall_start{std::chrono::seconds{1767225600}}; // 2026-01-01 00:00:00 UTC
} // namespace

VirtualRuntime::VirtualRuntime(std::uint64_t seed) noexcept
    : now_(TimePoint{} + std::chrono::hours{1}), start_(now_), seeds_(seed) {}

VirtualRuntime::~VirtualRuntime() {
    for (const Entry& entry : heap_) {
        entry.timer->position = 0;
    }
}

WallTime VirtualRuntime::wall_now() noexcept {
    return wall_start + std::chrono::duration_cast<WallTime::duration>(now_ - start_);
}

std::uint64_t VirtualRuntime::seed() noexcept {
    return Random{seeds_++}.next();
}

void VirtualRuntime::arm(Timer& timer, TimePoint until) {
    disarm(timer);
    heap_.push_back({});
    timer.at = until;
    heap_.back() = {until, orders_++, &timer};
    timer.position = heap_.size();
    sift_up(heap_.size() - 1);
}

void VirtualRuntime::disarm(Timer& timer) noexcept {
    if (timer.position == 0) {
        return;
    }
    const std::size_t index = timer.position - 1;
    timer.position = 0;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index < heap_.size()) {
        heap_[index] = last;
        last.timer->position = index + 1;
        sift_up(index);
        sift_down(last.timer->position - 1);
    }
}

void VirtualRuntime::sift_up(std::size_t index) noexcept {
    const Entry entry = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(entry, heap_[parent])) {
            break;
        }
        heap_[index] = heap_[parent];
        heap_[index].timer->position = index + 1;
        index = parent;
    }
    heap_[index] = entry;
    entry.timer->position = index + 1;
}

void VirtualRuntime::sift_down(std::size_t index) noexcept {
    const Entry entry = heap_[index];
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= heap_.size()) {
            break;
        }
        std::size_t least = first;
        for (std::size_t child = first + 1; child < std::min(first + arity, heap_.size()); ++child) {
            if (before(heap_[child], heap_[least])) {
                least = child;
            }
        }
        if (!before(heap_[least], entry)) {
            break;
        }
        heap_[index] = heap_[least];
        heap_[index].timer->position = index + 1;
        index = least;
    }
    heap_[index] = entry;
    entry.timer->position = index + 1;
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
    if (heap_.empty() || heap_.front().at > until) {
        return false;
    }
    now_ = std::max(now_, heap_.front().at);
    Timer& timer = *heap_.front().timer;
    disarm(timer);
    timer.expired();
    return true;
}

} // namespace backstay::inline BACKSTAY_ABI
