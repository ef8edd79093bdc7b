#include <backstay/policy/cool_down.hpp>

#include "policy/check_option.hpp"
#include "policy/cool_down_gates.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using namespace std::chrono_literals;

constexpr Duration longest_time = 24h * 365;

void validate(const CoolDownOptions& options) {
    const auto time = [](std::string_view field, Duration value, Duration least) {
        check_option(least <= value && value <= longest_time, std::string("CoolDownOptions.").append(field),
                     value, to_text(least) + " to " + to_text(longest_time));
    };
    time("max_cool_down", options.max_cool_down, 1ms);
    check_option(options.unavailable_count >= 1 && options.unavailable_count <= 1'000,
                 "CoolDownOptions.unavailable_count", options.unavailable_count, "1 to 1000");
    time("unavailable_window", options.unavailable_window, 1ms);
    time("probe_every", options.probe_every, 1ms);
    time("probe_lease", options.probe_lease, 1ms);
    check_option(options.spread_ratio >= 0 && options.spread_ratio <= 1, "CoolDownOptions.spread_ratio",
                 options.spread_ratio, "0 to 1");
    time("spread_max", options.spread_max, 0ms);
    check_option(options.max_keys > 0, "CoolDownOptions.max_keys", options.max_keys, "1 or more");
}

std::string percent(double ratio) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), ratio * 100, std::chars_format::general, 3).ptr;
    return std::string(text.data(), end) + " %";
}

} // namespace

std::string_view to_string(CoolDownState state) noexcept {
    static constexpr std::array<std::string_view, 3> names{"open", "closed", "pacing"};
    return names.at(static_cast<std::size_t>(state));
}

std::string_view to_string(CoolDownCause cause) noexcept {
    static constexpr std::array<std::string_view, 4> names{"none", "rate_limited", "unavailable",
                                                           "quota_spent"};
    return names.at(static_cast<std::size_t>(cause));
}

CoolDown::CoolDown(const CoolDownOptions& options) {
    validate(options);
    gates_ = std::make_shared<detail::CoolDownGates>(options);
}

CoolDown CoolDown::clone() const {
    return CoolDown(options());
}

const CoolDownOptions& CoolDown::options() const noexcept {
    return *gates_->options;
}

StageDescription CoolDown::describe() const {
    const CoolDownOptions& with = options();
    std::string text = "closes at a 429 with a wait, or at " + std::to_string(with.unavailable_count) +
                       " of 503 in " + to_text(with.unavailable_window) + " with a probe every " +
                       to_text(with.probe_every) + ", for at most " + to_text(with.max_cool_down) +
                       ", releases over " + percent(with.spread_ratio) + " up to " + to_text(with.spread_max);
    text += with.pace ? ", paces by quota" : "";
    text += with.key == nullptr ? ", one gate for all" : "";
    text += with.dry_run ? ", dry run" : "";
    return {.name = "cool_down", .settings = text, .queues = !with.dry_run};
}

Admission CoolDown::admit(Call& mine, CallContext& call) noexcept {
    if (mine.visit_ == nullptr && call.now >= gates_->heeded_until()) [[likely]] {
        return Admission::proceed();
    }
    const auto gate = mine.visit_ != nullptr ? mine.visit_->gate : gates_->find(call.key);
    if (gate == nullptr || (mine.visit_ == nullptr && call.now >= gate->heeded_until())) {
        return Admission::proceed();
    }
    if (options().dry_run) {
        gate->try_out(mine, call, gate);
        return Admission::proceed();
    }
    return gate->admit(mine, call, gate);
}

void CoolDown::heed(Call& mine, CallContext& call, const Failure* failure) noexcept {
    const CoolDownOptions& with = options();
    const ServerQuota quota = with.pace ? std::exchange(call.quota, {}) : ServerQuota{};
    if (std::exchange(mine.ignored_, false)) {
        return;
    }
    const bool heard = failure != nullptr && failure->reach != Reach::refused_here &&
                       failure->is(Failure::has_hint) && failure->hint > Duration::zero() &&
                       with.classifier[failure->kind].feeds_cool_down;
    if (!heard && !quota.told() && mine.visit_ == nullptr) {
        return;
    }
    const auto gate = mine.visit_ != nullptr ? mine.visit_->gate : gates_->obtain(call.key);
    if (gate != nullptr) {
        gate->settle(mine, call, failure, heard, quota);
        gates_->heed(gate->heeded_until());
    }
}

bool CoolDown::enqueue(Call& mine, Waker waker) noexcept {
    return mine.visit_->gate->enqueue(*mine.visit_, std::move(waker));
}

void CoolDown::Call::leave() noexcept {
    const std::unique_ptr<detail::CoolDownVisit> visit(std::exchange(visit_, nullptr));
    visit->gate->give_back(*visit);
}

void CoolDown::clear(const CallKey& key) noexcept {
    gates_->clear(key);
}

void CoolDown::clear() {
    gates_->clear();
}

CoolDownSnapshot CoolDown::snapshot(TimePoint now, const CallKey& key) const noexcept {
    return gates_->snapshot(now, key);
}

std::vector<KeyedCoolDownSnapshot> CoolDown::snapshots(TimePoint now) const {
    return gates_->snapshots(now);
}

} // namespace backstay::inline BACKSTAY_ABI
