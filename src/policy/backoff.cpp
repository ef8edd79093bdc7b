#include <backstay/policy/backoff.hpp>

#include "policy/check_option.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace backstay::inline BACKSTAY_ABI {

namespace {

double ticks(Duration duration) noexcept {
    return static_cast<double>(duration.count());
}

/// Rounds to the clock's tick; what no `Duration` can hold becomes the longest one.
Duration to_duration(double count) noexcept {
    constexpr auto longest = static_cast<double>(Duration::max().count()); // 2^63, itself out of range
    return count < longest ? Duration{static_cast<Duration::rep>(count + 0.5)} : Duration::max();
}

/// Polly's curve: 2^t, bent down near the start so that the first delays do not bunch together.
double curve(double t) noexcept {
    return std::exp2(t) * std::tanh(std::sqrt(4 * t));
}
constexpr double curve_scale = 1 / 1.4; // brings the medians near whole multiples of the base

void validate(const BackoffOptions& options) {
    using namespace std::chrono_literals;
    check_option(options.base >= 0s, "BackoffOptions.base", options.base, "0 s (repeat at once) or longer");
    check_option(options.cap >= options.base, "BackoffOptions.cap", options.cap,
                 "BackoffOptions.base, " + to_text(options.base) + ", or longer");
    check_option(options.factor >= 1 && std::isfinite(options.factor), "BackoffOptions.factor",
                 options.factor, "1 or more");
    check_option(options.jitter_ratio >= 0 && options.jitter_ratio <= 1, "BackoffOptions.jitter_ratio",
                 options.jitter_ratio, "0 to 1");
}

} // namespace

std::string_view to_string(Jitter jitter) noexcept {
    switch (jitter) {
    case Jitter::none:
        return "none";
    case Jitter::full:
        return "full";
    case Jitter::equal:
        return "equal";
    case Jitter::proportional:
        return "proportional";
    case Jitter::decorrelated:
        return "decorrelated";
    case Jitter::decorrelated_v2:
        return "decorrelated_v2";
    }
    return "";
}

Backoff::Backoff(const BackoffOptions& options) : options_(options) {
    validate(options_);
}

Duration Backoff::next(State& state, Random& random) const noexcept {
    double delay = grown(state.count);
    switch (options_.jitter) {
    case Jitter::none:
        break;
    case Jitter::full:
        delay = random.between(0, delay);
        break;
    case Jitter::equal:
        delay = random.between(delay / 2, delay);
        break;
    case Jitter::proportional:
        delay *= random.between(1 - options_.jitter_ratio, 1 + options_.jitter_ratio);
        break;
    case Jitter::decorrelated:
        delay = decorrelated(state, random);
        break;
    case Jitter::decorrelated_v2:
        delay = decorrelated_v2(state, random);
        break;
    }
    if (state.count < std::numeric_limits<std::uint32_t>::max()) {
        ++state.count;
    }
    return to_duration(delay);
}

double Backoff::grown(std::uint32_t count) const noexcept {
    const double base = ticks(options_.base);
    const double cap = ticks(options_.cap);
    if (base == 0) { // or 0 * infinity, which is no number, after enough repeats
        return 0;
    }
    switch (options_.growth) {
    case Growth::exponential:
        return std::min(cap, base * std::pow(options_.factor, count));
    case Growth::linear:
        return std::min(cap, base * (1.0 + count));
    case Growth::constant:
        break;
    }
    return base;
}

double Backoff::decorrelated(State& state, Random& random) const noexcept {
    const double base = ticks(options_.base);
    const double previous = std::max(base, static_cast<double>(state.previous));
    // The published formula caps the draw: two thirds of a herd that has reached the cap draw the cap itself.
    const double delay = std::min(ticks(options_.cap), random.between(base, 3 * previous));
    state.previous = static_cast<float>(delay);
    return delay;
}

double Backoff::decorrelated_v2(State& state, Random& random) const noexcept {
    const double base = ticks(options_.base);
    const double cap = ticks(options_.cap);
    constexpr std::uint32_t past_all_caps = 64; // no Duration holds 2^64 ticks
    if (base == 0 || state.count >= past_all_caps) {
        return base == 0 ? 0 : random.between(cap / 2, cap);
    }
    const double point = curve(state.count + random.unit());
    const double delay = (point - static_cast<double>(state.previous)) * curve_scale * base;
    state.previous = static_cast<float>(point);
    // What is past the cap is drawn anew, not cut: a saturated herd stays spread.
    return delay <= cap ? std::max(delay, 0.0) : random.between(cap / 2, cap);
}

Duration Backoff::longest() const noexcept {
    return options_.jitter == Jitter::proportional
               ? to_duration(ticks(options_.cap) * (1 + options_.jitter_ratio))
               : options_.cap;
}

/// What the first `delays` add up to, without jitter: it must not take as long as there are attempts.
double Backoff::sum(double delays) const noexcept {
    const double base = ticks(options_.base);
    const double cap = ticks(options_.cap);
    const double factor = options_.factor;
    double rising = delays;       // so many are below the cap
    double below = base * delays; // and add up to that
    if (base > 0 && options_.growth == Growth::linear) {
        rising = std::min(delays, std::floor(cap / base));
        below = base * rising * (rising + 1) / 2;
    } else if (base > 0 && options_.growth == Growth::exponential && factor > 1) {
        rising = std::min(delays, std::ceil(std::log(cap / base) / std::log(factor)));
        below = base * (std::pow(factor, rising) - 1) / (factor - 1);
    }
    return below + cap * (delays - rising);
}

Duration Backoff::longest_total(int attempts) const noexcept {
    if (attempts <= 0) {
        return Duration::max();
    }
    const int repeats = attempts - 1;
    const double base = ticks(options_.base);
    const double cap = ticks(options_.cap);
    if (options_.jitter == Jitter::decorrelated_v2) { // its delays add up to the last point of the curve
        return repeats == 0 || base == 0
                   ? Duration::zero()
                   : to_duration(std::min(cap * repeats, curve(repeats) * curve_scale * base));
    }
    if (options_.jitter == Jitter::proportional) {
        return to_duration(sum(repeats) * (1 + options_.jitter_ratio));
    }
    if (options_.jitter != Jitter::decorrelated) {
        return to_duration(sum(repeats));
    }
    double total = 0;
    double delay = base;
    for (int n = 0; n < repeats; ++n) {
        delay = std::min(cap, 3 * delay);
        if (delay == 0 || delay >= cap) { // so are all that follow
            return to_duration(total + delay * (repeats - n));
        }
        total += delay;
    }
    return to_duration(total);
}

std::string Backoff::describe() const {
    const bool decorrelated =
        options_.jitter == Jitter::decorrelated || options_.jitter == Jitter::decorrelated_v2;
    std::string text(options_.jitter == Jitter::none ? "no" : to_string(options_.jitter));
    text.append(" jitter, ").append(to_text(options_.base));
    if (!decorrelated && options_.growth == Growth::constant) {
        return text;
    }
    return text.append(" .. ").append(to_text(options_.cap));
}

} // namespace backstay::inline BACKSTAY_ABI
