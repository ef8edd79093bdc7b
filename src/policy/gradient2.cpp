#include <backstay/policy/gradient2.hpp>

#include "policy/check_option.hpp"
#include "policy/limit_bounds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr double steepest = 0.5; // an outlier does no more harm than that
constexpr int young = 10;        // windows that are averaged evenly, so that the first does not weigh on all
constexpr double fallen = 2;     // so much longer than the short one the long average is a thing of the past
constexpr double forgetting = 0.95;

Duration to_duration(double ticks) noexcept {
    return Duration(std::llround(ticks));
}

} // namespace

Gradient2::Gradient2(const Gradient2Options& options, const LimitBounds& bounds)
    : options_(options), bounds_(validated(bounds)), limit_(bounds.initial) {
    check_option(options.smoothing > 0 && options.smoothing <= 1, "Gradient2Options.smoothing",
                 options.smoothing, "above 0, at most 1");
    check_option(options.long_window >= 1 && options.long_window <= 1'000'000, "Gradient2Options.long_window",
                 options.long_window, "1 to 1000000");
    check_option(options.tolerance >= 1 && options.tolerance <= 100, "Gradient2Options.tolerance",
                 options.tolerance, "1 to 100");
    check_option(options.window >= Duration::zero(), "Gradient2Options.window", options.window,
                 "0 s (each attempt for itself) or longer");
    check_option(options.window_samples >= 1 && options.window_samples <= 1'000'000,
                 "Gradient2Options.window_samples", options.window_samples, "1 to 1000000");
}

void Gradient2::note(TimePoint now, const LimitSample& sample) noexcept {
    if (window_end_ == TimePoint::min()) {
        window_end_ = saturating_add(now, options_.window);
    }
    if (sample.dropped) {
        ++window_.drops;
    } else {
        ++window_.samples;
        window_.rtt_sum += static_cast<double>(std::max(sample.rtt, Duration(1)).count());
    }
    window_.most_in_flight = std::max(window_.most_in_flight, sample.in_flight);
    if (now >= window_end_ && window_.samples + window_.drops >= options_.window_samples) {
        update(window_);
        window_ = {};
        window_end_ = saturating_add(now, options_.window);
    }
}

void Gradient2::update(const Window& window) noexcept {
    double gradient = 1;
    if (window.samples > 0) {
        average(window.rtt_sum / window.samples);
        gradient = options_.tolerance * long_rtt_ / short_rtt_;
        if (long_rtt_ > fallen * short_rtt_) {
            long_rtt_ *= forgetting;
        }
    }
    const double dropped = window.drops / static_cast<double>(window.drops + window.samples);
    gradient = std::clamp(std::min(gradient, 1 - dropped), steepest, 1.0);

    double next = limit_ * gradient + std::sqrt(limit_);
    next = limit_ * (1 - options_.smoothing) + next * options_.smoothing;
    if (window.most_in_flight < limit_ / 2) { // what it says of latency, it does not say of this limit
        next = window.drops > 0 ? std::min(next, limit_) : limit_;
    }
    limit_ = std::clamp<double>(next, bounds_.min, bounds_.max);
}

void Gradient2::average(double rtt) noexcept {
    short_rtt_ = rtt;
    if (averaged_ < young) {
        ++averaged_;
        long_rtt_ += (rtt - long_rtt_) / averaged_;
    } else {
        long_rtt_ += (rtt - long_rtt_) * 2 / (options_.long_window + 1.0);
    }
}

Duration Gradient2::short_rtt() const noexcept {
    return to_duration(short_rtt_);
}

Duration Gradient2::long_rtt() const noexcept {
    return to_duration(long_rtt_);
}

std::string Gradient2::describe() const {
    std::array<char, 32> tolerance{};
    const auto end = std::to_chars(tolerance.data(), tolerance.data() + tolerance.size(), options_.tolerance,
                                   std::chars_format::general, 3)
                         .ptr;
    return "gradient2, tolerance " + std::string(tolerance.data(), end);
}

} // namespace backstay::inline BACKSTAY_ABI
