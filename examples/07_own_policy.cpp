#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/circuit_breaker.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <iostream>
#include <memory>
#include <string>

// A policy and kinds of failure of one's own, around an operation that is not HTTP.

using namespace std::chrono_literals;
using namespace backstay;
using Receipt = expected<std::string, Failure>;

constexpr auto printer_jam = static_cast<FailureKind>(128); // 128 to 255 are yours
constexpr auto quota_spent = static_cast<FailureKind>(129);

/// Lets so many attempts through, and no more: a partner charges for each.
class CallQuota {
public:
    static constexpr Stage stage = Stage::custom; // may stand anywhere in a pipeline
    struct Call {};                               // what it remembers of one call: nothing

    explicit CallQuota(int attempts) : left_(std::make_shared<std::atomic<int>>(attempts)) {}

    Admission admit(Call& /*mine*/, CallContext& /*call*/) noexcept {
        if (left_->fetch_sub(1) > 0) {
            return Admission::proceed();
        }
        left_->fetch_add(1);
        return Admission::reject({.kind = quota_spent});
    }
    Verdict settle(Call& /*mine*/, CallContext& /*call*/, const Failure* failure) noexcept {
        if (failure != nullptr && failure->reach == Reach::refused_here) {
            left_->fetch_add(1); // a stage inside refused: nothing was sent
        }
        return Verdict::pass();
    }
    [[nodiscard]] StageDescription describe() const { // for describe(pipeline)
        return {.name = "call_quota", .settings = std::to_string(left_->load()) + " left"};
    }

private:
    std::shared_ptr<std::atomic<int>> left_; // copies share it
};

/// A printer that jams for the first two attempts: a jam prints nothing.
asio::awaitable<Receipt> print_label(CallContext& call) {
    if (call.attempt < 3) {
        const Failure jam{.kind = printer_jam, .reach = Reach::never_sent};
        co_return fail(jam);
    }
    co_return "label printed at attempt " + std::to_string(call.attempt);
}

/// Without a row of its own a kind is neither repeated nor counted.
Classifier outcomes() {
    Classifier rows;
    rows.set(printer_jam, {.repeat = Repeat::if_safe, .vote = Vote::failure});
    return rows;
}

asio::awaitable<void> print(Pipeline<TotalTimeout, Retry, CallQuota, CircuitBreaker, AttemptTimeout> pipeline,
                            int& printed) {
    CallSettings settings;
    settings.key.origin = "printer://ground-floor";
    settings.safe_to_repeat = false; // a label that may have been printed is not printed again
    const Receipt receipt = co_await pipeline.run(asio_runtime(), settings, print_label);
    printed += receipt ? 1 : 0;
    std::cout << (receipt ? *receipt : "not printed: kind " + std::to_string(int(receipt.error().kind)))
              << '\n';
}

int main() {
    const RetryOptions retry{.max_attempts = 3, .backoff = {.base = 1ms}, .classifier = outcomes()};
    const CircuitBreakerOptions breaker{.classifier = outcomes(), .key = by_origin};
    const Pipeline pipeline{TotalTimeout{10s}, Retry{retry}, CallQuota{3}, CircuitBreaker{breaker},
                            AttemptTimeout{1s}};
    std::cout << describe(pipeline);
    int printed = 0;
    for (int label = 0; label < 2; ++label) { // the second finds the quota spent
        asio::io_context context;
        asio::co_spawn(context, print(pipeline, printed), asio::detached);
        context.run();
    }
    return printed == 1 ? 0 : 1;
}
