#include <backstay/policy/adaptive_concurrency.hpp>

#include "policy/check_option.hpp"
#include "policy/cut_too_soon.hpp"
#include "policy/slots.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using Law = std::variant<Gradient2, Aimd>;

Law make_law(const AdaptiveConcurrencyOptions& options) {
    Law by_latency = Gradient2(options.gradient2, options.limit); // made to be validated, at least
    Law by_drops = Aimd(options.aimd, options.limit);
    return options.algorithm == LimitAlgorithm::gradient2 ? by_latency : by_drops;
}

int limit_of(const Law& law) noexcept {
    return std::visit([](const auto& with) { return with.limit(); }, law);
}

const AdaptiveConcurrencyOptions& validated(const AdaptiveConcurrencyOptions& options) {
    check_option(options.max_queued >= 0 && options.max_queued <= 1'000'000,
                 "AdaptiveConcurrencyOptions.max_queued", options.max_queued, "0 (no queue) to 1000000");
    check_option(options.min_observed >= Duration::zero(), "AdaptiveConcurrencyOptions.min_observed",
                 options.min_observed, "0 s or longer");
    return options;
}

} // namespace

std::string_view to_string(LimitAlgorithm algorithm) noexcept {
    static constexpr std::array<std::string_view, 2> names{"gradient2", "aimd"};
    return names.at(static_cast<std::size_t>(algorithm));
}

struct AdaptiveConcurrency::State {
    explicit State(const AdaptiveConcurrencyOptions& with)
        : options(validated(with)),
          slots(detail::SlotsOptions{.limit = with.limit.initial,
                                     .max_queued = with.max_queued,
                                     .order = with.order,
                                     .dry_run = with.dry_run,
                                     .refused_by = RefusedBy::adaptive_concurrency}),
          law(make_law(with)) {}

    /// Says whether an outcome is a drop; nothing when the limit has nothing to learn from it.
    [[nodiscard]] std::optional<bool> dropped(const CallContext& call,
                                              const Failure* failure) const noexcept {
        if (failure == nullptr) [[likely]] {
            return false;
        }
        const Rule& rule = options.classifier[failure->kind];
        if (failure->reach == Reach::refused_here ||
            detail::cut_too_soon(call, *failure, options.min_observed)) {
            return std::nullopt;
        }
        if (rule.overload) {
            return true;
        }
        return rule.vote == Vote::success ? std::optional(false) : std::nullopt;
    }

    void learn(TimePoint now, const LimitSample& sample) noexcept {
        {
            // What a thread that loses this race would add is what the winner adds: no use in waiting.
            const std::unique_lock lock(mutex, std::try_to_lock);
            if (!lock) {
                return;
            }
            const int before = limit_of(law);
            if (auto* const by_latency = std::get_if<Gradient2>(&law)) {
                by_latency->note(now, sample);
            } else {
                std::get<Aimd>(law).note(sample);
            }
            const int after = limit_of(law);
            if (after != before) [[unlikely]] {
                slots.set_limit(after);
            }
            if (after <= before) {
                return;
            }
        }
        slots.hand_over();
    }

    const AdaptiveConcurrencyOptions options;
    detail::Slots slots;
    alignas(64) std::mutex mutex; // of the law; apart from the word that every call takes a slot by
    Law law;
};

AdaptiveConcurrency::AdaptiveConcurrency(const AdaptiveConcurrencyOptions& options)
    : state_(std::make_shared<State>(options)) {}

AdaptiveConcurrency AdaptiveConcurrency::clone() const {
    return AdaptiveConcurrency(options());
}

const AdaptiveConcurrencyOptions& AdaptiveConcurrency::options() const noexcept {
    return state_->options;
}

StageDescription AdaptiveConcurrency::describe() const {
    const AdaptiveConcurrencyOptions& with = options();
    std::string text = std::to_string(with.limit.min) + " .. " + std::to_string(with.limit.max) +
                       " at once, from " + std::to_string(with.limit.initial) + ", by ";
    text += with.algorithm == LimitAlgorithm::gradient2 ? Gradient2(with.gradient2, with.limit).describe()
                                                        : Aimd(with.aimd, with.limit).describe();
    text += with.max_queued == 0
                ? std::string(", no queue")
                : ", " + std::to_string(with.max_queued) + " queued " + std::string(to_string(with.order));
    text += with.dry_run ? ", dry run" : "";
    return {.name = std::string(to_string(stage)), .settings = text, .queues = with.max_queued > 0};
}

Admission AdaptiveConcurrency::admit(Call& mine, CallContext& call) noexcept {
    return state_->slots.admit(mine.slot_, call);
}

Verdict AdaptiveConcurrency::settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
    const int in_flight = state_->slots.settle(mine.slot_);
    if (const std::optional<bool> dropped = state_->dropped(call, failure)) {
        state_->learn(call.now,
                      {.rtt = call.now - call.attempt_began, .in_flight = in_flight, .dropped = *dropped});
    }
    return Verdict::pass();
}

bool AdaptiveConcurrency::enqueue(Call& mine, Waker waker) noexcept {
    return state_->slots.enqueue(mine.slot_, std::move(waker));
}

AdaptiveConcurrencySnapshot AdaptiveConcurrency::snapshot() const noexcept {
    const detail::SlotsSnapshot slots = state_->slots.snapshot();
    AdaptiveConcurrencySnapshot seen{
        .limit = slots.limit, .in_flight = slots.in_flight, .queued = slots.queued};
    const std::lock_guard lock(state_->mutex);
    if (const auto* const by_latency = std::get_if<Gradient2>(&state_->law)) {
        seen.short_rtt = by_latency->short_rtt();
        seen.long_rtt = by_latency->long_rtt();
    }
    return seen;
}

} // namespace backstay::inline BACKSTAY_ABI
