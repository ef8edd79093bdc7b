#include <backstay/policy/concurrency_limit.hpp>

#include "policy/check_option.hpp"
#include "policy/slots.hpp"

#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr int most = 1'000'000;

void check_limit(int limit) {
    check_option(limit >= 1 && limit <= most, "ConcurrencyLimitOptions.limit", limit, "1 to 1000000");
}

} // namespace

ConcurrencyLimit::ConcurrencyLimit(const ConcurrencyLimitOptions& options) {
    check_limit(options.limit);
    check_option(options.max_queued >= 0 && options.max_queued <= most, "ConcurrencyLimitOptions.max_queued",
                 options.max_queued, "0 (no queue) to 1000000");
    slots_ =
        std::make_shared<detail::Slots>(detail::SlotsOptions{.limit = options.limit,
                                                             .max_queued = options.max_queued,
                                                             .order = options.order,
                                                             .dry_run = options.dry_run,
                                                             .refused_by = RefusedBy::concurrency_limit});
}

ConcurrencyLimit ConcurrencyLimit::clone() const {
    const detail::SlotsOptions& with = slots_->options;
    return ConcurrencyLimit({.limit = snapshot().limit,
                             .max_queued = with.max_queued,
                             .order = with.order,
                             .dry_run = with.dry_run});
}

StageDescription ConcurrencyLimit::describe() const {
    const detail::SlotsOptions& with = slots_->options;
    std::string text = std::to_string(snapshot().limit) + " at once, ";
    text += with.max_queued == 0
                ? std::string("no queue")
                : std::to_string(with.max_queued) + " queued " + std::string(to_string(with.order));
    text += with.dry_run ? ", dry run" : "";
    return {.name = "concurrency_limit", .settings = text, .queues = with.max_queued > 0};
}

Admission ConcurrencyLimit::admit(Call& mine, CallContext& call) noexcept {
    return slots_->admit(mine.slot_, call);
}

Verdict ConcurrencyLimit::settle(Call& mine, CallContext& /*call*/, const Failure* /*failure*/) noexcept {
    slots_->settle(mine.slot_);
    return Verdict::pass();
}

bool ConcurrencyLimit::enqueue(Call& mine, Waker waker) noexcept {
    return slots_->enqueue(mine.slot_, std::move(waker));
}

void ConcurrencyLimit::set_limit(int limit) {
    check_limit(limit);
    slots_->set_limit(limit);
    slots_->hand_over();
}

ConcurrencySnapshot ConcurrencyLimit::snapshot() const noexcept {
    const detail::SlotsSnapshot seen = slots_->snapshot();
    return {.in_flight = seen.in_flight, .queued = seen.queued, .limit = seen.limit};
}

} // namespace backstay::inline BACKSTAY_ABI
