#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

class AdaptiveConcurrency;
class AdaptiveThrottle;
class Chaos;
class CircuitBreaker;
class ConcurrencyLimit;
class CoolDown;
class Hedge;
class RateLimiter;
class Retry;
class RetryBudget;

/// One number, word or time of a policy's state. Points in time are told as the time until then, seen from
/// the snapshot's.
using StateValue = std::variant<bool, std::int64_t, double, Duration, std::string>;

struct StateField {
    std::string name{};
    StateValue value{};
    friend bool operator==(const StateField&, const StateField&) = default;
};

/// How a policy stands for one key, or (an empty key) for all calls.
struct KeyedState {
    std::string key{};
    std::vector<StateField> fields{};

    /// Finds a field; null when there is none of that name.
    [[nodiscard]] BACKSTAY_EXPORT const StateValue* find(std::string_view name) const noexcept;
};

/// Tells how a policy stands at `now`, in a shape that needs no knowledge of its kind: for lists, JSON and
/// metrics. Its own `snapshot` says the same in types.
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const AdaptiveConcurrency& policy,
                                                              TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const AdaptiveThrottle& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const Chaos& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const CircuitBreaker& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const ConcurrencyLimit& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const CoolDown& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const Hedge& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const RateLimiter& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const Retry& policy, TimePoint now);
[[nodiscard]] BACKSTAY_EXPORT std::vector<KeyedState> inspect(const RetryBudget& budget, TimePoint now);

/// A policy whose state can be looked at from outside.
template <class P>
concept Inspectable = requires(const P& policy, TimePoint now) { inspect(policy, now); };

} // namespace backstay::inline BACKSTAY_ABI
