#include <backstay/policy/concurrency_limit.hpp>

#include "policy/check_option.hpp"
#include "policy/slots.hpp"

#include <array>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr int most = 1'000'000;

void check_limit(int limit) {
    check_option(limit >= 1 && limit <= most, "ConcurrencyLimitOptions.limit", limit, "1 to 1000000");
}

} // namespace

std::string_view to_string(QueueOrder order) noexcept {
    static constexpr std::array<std::string_view, 2> names{"fifo", "lifo"};
    return names.at(static_cast<std::size_t>(order));
}

ConcurrencyLimit::ConcurrencyLimit(const ConcurrencyLimitOptions& options) {
    check_limit(options.limit);
    check_option(options.max_queued >= 0 && options.max_queued <= most, "ConcurrencyLimitOptions.max_queued",
                 options.max_queued, "0 (no queue) to 1000000");
    slots_ = std::make_shared<detail::Slots>(options);
}

ConcurrencyLimit ConcurrencyLimit::clone() const {
    ConcurrencyLimitOptions options = slots_->options;
    options.limit = snapshot().limit;
    return ConcurrencyLimit(options);
}

StageDescription ConcurrencyLimit::describe() const {
    const ConcurrencyLimitOptions& with = slots_->options;
    std::string text = std::to_string(snapshot().limit) + " at once, ";
    text += with.max_queued == 0
                ? std::string("no queue")
                : std::to_string(with.max_queued) + " queued " + std::string(to_string(with.order));
    text += with.dry_run ? ", dry run" : "";
    return {.name = "concurrency_limit", .settings = text, .queues = with.max_queued > 0};
}

Admission ConcurrencyLimit::admit(Call& mine, CallContext& call) noexcept {
    if (mine.waits_) [[unlikely]] {
        return slots_->ask_again(mine);
    }
    mine.slots_ = slots_.get();
    if (slots_->try_take()) [[likely]] {
        mine.place_ = Call::Place::slot;
        return Admission::proceed();
    }
    if (!slots_->options.dry_run) {
        return slots_->arrive(mine, call.priority);
    }
    call.notify({.type = EventType::refused,
                 .kind = FailureKind::concurrency_rejected,
                 .refused_by = RefusedBy::concurrency_limit,
                 .dry_run = true});
    return Admission::proceed();
}

Verdict ConcurrencyLimit::settle(Call& mine, CallContext& /*call*/, const Failure* /*failure*/) noexcept {
    if (std::exchange(mine.place_, Call::Place::none) == Call::Place::slot) [[likely]] {
        slots_->release();
    }
    return Verdict::pass();
}

bool ConcurrencyLimit::enqueue(Call& mine, Waker waker) noexcept {
    return slots_->leave_waker(mine, std::move(waker));
}

void ConcurrencyLimit::Call::leave() noexcept {
    slots_->leave(*this);
}

void ConcurrencyLimit::set_limit(int limit) {
    check_limit(limit);
    slots_->set_limit(limit);
}

ConcurrencySnapshot ConcurrencyLimit::snapshot() const noexcept {
    return slots_->snapshot();
}

} // namespace backstay::inline BACKSTAY_ABI
