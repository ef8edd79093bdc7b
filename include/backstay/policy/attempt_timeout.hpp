#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

#include <chrono>

namespace backstay::inline BACKSTAY_ABI {

struct AttemptTimeoutOptions {
    Duration limit = std::chrono::seconds{8}; ///< longer than zero; three of the default fit into 30 s
};

/// Bounds each attempt; stands inside the retry. An attempt that it cuts fails with `attempt_timeout` and may
/// be repeated; one that the call's own, earlier deadline cuts fails with `deadline_exceeded`.
class BACKSTAY_EXPORT AttemptTimeout {
public:
    static constexpr Stage stage = Stage::attempt_timeout;

    struct Call {};

    AttemptTimeout() noexcept = default;
    /// Throws `std::invalid_argument` when the limit is zero or negative.
    explicit AttemptTimeout(Duration limit);
    explicit AttemptTimeout(const AttemptTimeoutOptions& options) : AttemptTimeout(options.limit) {}

    [[nodiscard]] AttemptTimeout clone() const noexcept { return *this; }
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] Duration limit() const noexcept { return limit_; }

    Admission admit(Call& /*mine*/, CallContext& call) noexcept {
        call.deadline.narrow(saturating_add(call.now, limit_), FailureKind::attempt_timeout);
        return Admission::proceed();
    }

    Verdict settle(Call& /*mine*/, CallContext& call, const Failure* failure) noexcept {
        if (failure != nullptr && failure->kind == FailureKind::attempt_timeout) {
            timed_out(call);
        }
        return Verdict::pass();
    }

private:
    static void timed_out(const CallContext& call) noexcept;

    Duration limit_ = AttemptTimeoutOptions{}.limit;
};

static_assert(Policy<AttemptTimeout> && sizeof(AttemptTimeout::Call) <= 8);

} // namespace backstay::inline BACKSTAY_ABI
