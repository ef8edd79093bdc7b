#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/description.hpp>
#include <backstay/core/protocol.hpp>

#include <chrono>

namespace backstay::inline BACKSTAY_ABI {

struct TotalTimeoutOptions {
    Duration limit = std::chrono::seconds{30}; ///< longer than zero
};

/// Bounds a whole call: queues, waits and every attempt. A call that it cuts ends as `deadline_exceeded`;
/// one that it finds waiting to repeat ends with the last answer and `StopReason::deadline`.
/// Source: a limit inside which nothing waits unseen, against dotnet/extensions#5185.
class BACKSTAY_EXPORT TotalTimeout {
public:
    static constexpr Stage stage = Stage::total_timeout;

    class Call {
    private:
        friend class TotalTimeout;
        TimePoint end_ = end_of_time; ///< fixed by the first `admit`: a repeat does not move it
    };

    TotalTimeout() noexcept = default;
    /// Throws `std::invalid_argument` when the limit is zero or negative.
    explicit TotalTimeout(Duration limit);
    explicit TotalTimeout(const TotalTimeoutOptions& options) : TotalTimeout(options.limit) {}

    [[nodiscard]] TotalTimeout clone() const noexcept { return *this; }
    [[nodiscard]] StageDescription describe() const;
    [[nodiscard]] Duration limit() const noexcept { return limit_; }

    Admission admit(Call& mine, CallContext& call) noexcept {
        if (mine.end_ == end_of_time) {
            mine.end_ = saturating_add(call.now, limit_);
        }
        call.deadline.narrow(mine.end_, FailureKind::deadline_exceeded);
        return Admission::proceed();
    }

    Verdict settle(Call& mine, CallContext& call, const Failure* failure) noexcept {
        if (failure != nullptr && failure->kind == FailureKind::deadline_exceeded) {
            timed_out(mine, call);
        }
        return Verdict::pass();
    }

private:
    void timed_out(const Call& mine, const CallContext& call) const noexcept;

    Duration limit_ = TotalTimeoutOptions{}.limit;
};

static_assert(Policy<TotalTimeout> && sizeof(TotalTimeout::Call) <= 8);

} // namespace backstay::inline BACKSTAY_ABI
