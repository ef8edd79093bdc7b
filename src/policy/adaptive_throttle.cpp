#include <backstay/policy/adaptive_throttle.hpp>

#include <backstay/policy/detail/keyed_table.hpp>

#include "policy/check_option.hpp"
#include "policy/cut_too_soon.hpp"
#include "policy/throttle.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using namespace std::chrono_literals;

const AdaptiveThrottleOptions& validated(const AdaptiveThrottleOptions& options) {
    const auto check = [](bool valid, std::string_view field, auto value, std::string_view allowed) {
        check_option(valid, std::string("AdaptiveThrottleOptions.").append(field), value, allowed);
    };
    constexpr double most = 1'000;
    check(options.k >= 1 && options.k <= most, "k", options.k, "1 to 1000");
    check(options.critical_k >= options.k && options.critical_k <= most, "critical_k", options.critical_k,
          "k to 1000");
    check(options.sheddable_k >= 1 && options.sheddable_k <= options.k, "sheddable_k", options.sheddable_k,
          "1 to k");
    check(options.max_refusal >= 0 && options.max_refusal < 1, "max_refusal", options.max_refusal,
          "0 to below 1");
    check(options.window >= 120ms && options.window <= 24h, "window", options.window, "120 ms to 24 h");
    check(options.minimum_requests >= 0, "minimum_requests", options.minimum_requests, "0 or more");
    check(options.min_observed >= 0s, "min_observed", options.min_observed, "0 s or longer");
    check(options.max_keys >= 1, "max_keys", options.max_keys, "1 or more");
    return options;
}

std::string number(double value) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3).ptr;
    return {text.data(), end};
}

} // namespace

struct AdaptiveThrottle::State {
    explicit State(const AdaptiveThrottleOptions& with)
        : options(std::make_shared<const AdaptiveThrottleOptions>(validated(with))), keyed(with.max_keys) {
        if (with.key == nullptr) {
            only.emplace(options);
        }
    }

    void obtain(const CallKey& key, std::shared_ptr<detail::Throttle>& throttle) noexcept {
        if (only) { // not counted as held: that would cost more than the rest of `admit`
            throttle = std::shared_ptr<detail::Throttle>(std::shared_ptr<void>(), &*only);
        } else {
            throttle = keyed.obtain(options->key(key),
                                    [this] { return std::make_shared<detail::Throttle>(options); });
        }
    }

    /// Says whether an outcome is an accept; nothing when it says nothing of the origin.
    [[nodiscard]] std::optional<bool> accepted(const CallContext& call,
                                               const Failure* failure) const noexcept {
        if (failure == nullptr) [[likely]] {
            return true;
        }
        if (failure->reach == Reach::refused_here || failure->kind == FailureKind::canceled ||
            detail::cut_too_soon(call, *failure, options->min_observed)) {
            return std::nullopt;
        }
        const Rule& rule = options->classifier[failure->kind];
        if (rule.overload) {
            return false;
        }
        if (failure->reach == Reach::answered) {
            return true;
        }
        return rule.vote == Vote::failure ? std::optional(false) : std::nullopt;
    }

    const std::shared_ptr<const AdaptiveThrottleOptions> options;
    std::optional<detail::Throttle> only;
    detail::KeyedTable<detail::Throttle> keyed;
};

AdaptiveThrottle::AdaptiveThrottle(const AdaptiveThrottleOptions& options)
    : state_(std::make_shared<State>(options)) {}

AdaptiveThrottle AdaptiveThrottle::clone() const {
    return AdaptiveThrottle(options());
}

const AdaptiveThrottleOptions& AdaptiveThrottle::options() const noexcept {
    return *state_->options;
}

StageDescription AdaptiveThrottle::describe() const {
    const AdaptiveThrottleOptions& with = options();
    std::string text = "refuses up to " + number(with.max_refusal * 100) + " % when less than 1 in " +
                       number(with.k) + " (critical " + number(with.critical_k) + ", sheddable " +
                       number(with.sheddable_k) + ") was accepted in " + to_text(with.window);
    text += with.key == nullptr ? ", one throttle for all" : "";
    text += with.dry_run ? ", dry run" : "";
    return {.name = std::string(to_string(stage)), .settings = text};
}

Admission AdaptiveThrottle::admit(Call& mine, CallContext& call) noexcept {
    if (mine.throttle_ == nullptr) {
        state_->obtain(call.key, mine.throttle_);
    }
    if (mine.throttle_ == nullptr || !mine.throttle_->refuses(call)) [[likely]] {
        return Admission::proceed();
    }
    const Failure refused{.kind = FailureKind::throttled,
                          .reach = Reach::refused_here,
                          .refused_by = RefusedBy::adaptive_throttle}; // nobody knows when: no hint
    if (!options().dry_run) {
        return Admission::reject(refused);
    }
    call.notify({.type = EventType::refused,
                 .kind = refused.kind,
                 .refused_by = refused.refused_by,
                 .dry_run = true});
    return Admission::proceed();
}

Verdict AdaptiveThrottle::settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
    if (mine.throttle_ == nullptr) [[unlikely]] {
        return Verdict::pass();
    }
    if (const std::optional<bool> accepted = state_->accepted(call, failure)) {
        *accepted ? mine.throttle_->accepted(call.now) : mine.throttle_->lost(call.now);
    }
    return Verdict::pass();
}

AdaptiveThrottleSnapshot AdaptiveThrottle::snapshot(TimePoint now, const CallKey& key) const noexcept {
    if (state_->only) {
        return state_->only->snapshot(now);
    }
    const std::shared_ptr<detail::Throttle> known = state_->keyed.find(options().key(key));
    return known ? known->snapshot(now) : AdaptiveThrottleSnapshot{};
}

std::vector<KeyedThrottleSnapshot> AdaptiveThrottle::snapshots(TimePoint now) const {
    std::vector<KeyedThrottleSnapshot> shown;
    if (state_->only) {
        shown.push_back({.key = {}, .throttle = state_->only->snapshot(now)});
    }
    for (const auto& [key, throttle] : state_->keyed.entries()) {
        shown.push_back({.key = key, .throttle = throttle->snapshot(now)});
    }
    return shown;
}

} // namespace backstay::inline BACKSTAY_ABI
