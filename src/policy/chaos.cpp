#include <backstay/policy/chaos.hpp>

#include "policy/check_option.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

namespace {

using namespace std::chrono_literals;

const ChaosOptions& validated(const ChaosOptions& options) {
    const auto check = [](bool valid, std::string_view field, auto value, std::string_view allowed) {
        check_option(valid, std::string("ChaosOptions.").append(field), value, allowed);
    };
    const auto rate = [&](std::string_view field, double value) {
        check(value >= 0 && value <= 1, field, value, "0 to 1");
    };
    check(options.acknowledge_production_risk, "acknowledge_production_risk", std::string_view("false"),
          "true, or Chaos::for_tests");
    rate("failure_rate", options.failure_rate);
    rate("status_rate", options.status_rate);
    check(options.failure_rate + options.status_rate <= 1, "status_rate", options.status_rate,
          "0 to 1 - failure_rate");
    rate("latency_rate", options.latency_rate);
    check(options.failure.kind != FailureKind::none, "failure.kind", to_string(options.failure.kind),
          "a failure");
    check(options.failure.reach != Reach::refused_here, "failure.reach", to_string(options.failure.reach),
          "never_sent, maybe_processed or answered");
    check(options.status >= 300 && options.status <= 599, "status", options.status, "300 to 599");
    check(options.server_wait.value_or(0s) >= 0s, "server_wait", options.server_wait.value_or(0s),
          "0 s or longer");
    check(options.latency >= 0s && options.latency <= 24h, "latency", options.latency, "0 s to 24 h");
    check(options.latency_spread >= 0s && options.latency_spread <= 24h, "latency_spread",
          options.latency_spread, "0 s to 24 h");
    return options;
}

Failure answer(const ChaosOptions& options) noexcept {
    Failure failure{.kind = kind_of_status(options.status),
                    .reach = Reach::answered,
                    .status = static_cast<std::uint16_t>(options.status)};
    if (options.server_wait) {
        failure.set_hint(*options.server_wait, Failure::hint_from_header);
    }
    return failure;
}

std::string percent(double rate) {
    std::array<char, 32> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), rate * 100, std::chars_format::general, 3).ptr;
    return std::string(text.data(), end) + " % ";
}

} // namespace

struct Chaos::State {
    explicit State(const ChaosOptions& with) : options(validated(with)), answered(answer(with)) {}

    /// Draws as often whatever comes of it, so that rates can be changed without changing the rest.
    [[nodiscard]] Injection draw(Random& random) const noexcept {
        Injection drawn;
        const double fate = random.unit();
        if (fate < options.failure_rate) {
            drawn.failure = options.failure;
        } else if (fate < options.failure_rate + options.status_rate) {
            drawn.failure = answered;
        }
        const double lateness = random.unit();
        if (lateness < options.latency_rate) {
            const double share = lateness / options.latency_rate;
            drawn.latency =
                options.latency + Duration(static_cast<Duration::rep>(
                                      static_cast<double>(options.latency_spread.count()) * share));
        }
        return drawn;
    }

    void count(const Injection& injection) noexcept {
        const auto add = [](std::atomic<std::uint64_t>& to, bool one) {
            to.fetch_add(one ? 1 : 0, std::memory_order_relaxed);
        };
        const bool by_status = injection.ends() && injection.failure == answered;
        add(statuses, by_status);
        add(failures, injection.ends() && !by_status);
        add(delays, injection.latency > 0s);
    }

    const ChaosOptions options;
    const Failure answered;
    std::atomic<bool> enabled{true};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> statuses{0};
    std::atomic<std::uint64_t> delays{0};
};

Chaos::Chaos(const ChaosOptions& options) : state_(std::make_shared<State>(options)) {}

Chaos Chaos::for_tests(ChaosOptions options) {
    options.acknowledge_production_risk = true;
    return Chaos(options);
}

Chaos Chaos::clone() const {
    return Chaos(options());
}

const ChaosOptions& Chaos::options() const noexcept {
    return state_->options;
}

StageDescription Chaos::describe() const {
    const ChaosOptions& with = options();
    std::string text;
    const auto add = [&text](double rate, const std::string& what) {
        if (rate > 0) {
            text.append(text.empty() ? "" : ", ").append(percent(rate)).append(what);
        }
    };
    add(with.failure_rate, std::string(to_string(with.failure.kind)));
    add(with.status_rate, "status " + std::to_string(with.status));
    add(with.latency_rate,
        "held up " + to_text(with.latency) +
            (with.latency_spread > 0s ? " .. " + to_text(with.latency + with.latency_spread) : ""));
    text += text.empty() ? "nothing" : "";
    text += with.applies != nullptr ? ", some calls only" : "";
    text += with.dry_run ? ", dry run" : "";
    return {.name = std::string(to_string(stage)), .settings = text};
}

Admission Chaos::admit(Call& mine, CallContext& call) noexcept {
    const ChaosOptions& with = options();
    if (!state_->enabled.load(std::memory_order_relaxed) ||
        (with.applies != nullptr && !with.applies(call.key))) {
        return Admission::proceed();
    }
    mine.injection_ = state_->draw(*call.random);
    if (!mine.injection_.ends() && mine.injection_.latency == 0s) {
        return Admission::proceed();
    }
    state_->count(mine.injection_);
    call.notify({.type = EventType::chaos_injected,
                 .kind = mine.injection_.failure.kind,
                 .status = mine.injection_.failure.status,
                 .hint_flags = mine.injection_.failure.flags,
                 .attempt = call.attempt + 1,
                 .dry_run = with.dry_run,
                 .delay = mine.injection_.latency});
    if (!with.dry_run) {
        call.injection = &mine.injection_;
    }
    return Admission::proceed();
}

Verdict Chaos::settle(Call& mine, CallContext& call, const Failure* /*failure*/) noexcept {
    if (call.injection == &mine.injection_) {
        call.injection = nullptr;
    }
    return Verdict::pass();
}

void Chaos::enable(bool on) noexcept {
    state_->enabled.store(on, std::memory_order_relaxed);
}

ChaosSnapshot Chaos::snapshot() const noexcept {
    return {.enabled = state_->enabled.load(std::memory_order_relaxed),
            .failures = state_->failures.load(std::memory_order_relaxed),
            .statuses = state_->statuses.load(std::memory_order_relaxed),
            .delays = state_->delays.load(std::memory_order_relaxed)};
}

} // namespace backstay::inline BACKSTAY_ABI
