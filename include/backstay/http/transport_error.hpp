#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>
#include <backstay/http/response.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// Why no reply came. Cheap to make of a `Failure` alone (no allocation); the detail is shared.
class TransportError {
public:
    struct Detail {
        std::string message{}; ///< one sentence for the log, without secrets: what was wrong and what to do
        ExchangeInfo exchange{};
    };

    TransportError() noexcept = default;
    explicit TransportError(const Failure& failure) noexcept : failure_(failure) {}
    TransportError(const Failure& failure, std::error_code cause, Detail detail)
        : failure_(failure), cause_(cause), detail_(std::make_shared<const Detail>(std::move(detail))) {}

    [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
    /// The operating system's or TLS's code, if there was one.
    [[nodiscard]] std::error_code cause() const noexcept { return cause_; }
    /// Null when a policy made this error.
    [[nodiscard]] const Detail* detail() const noexcept { return detail_.get(); }

    /// Says that the exchange served several calls. Cost: copies the detail.
    BACKSTAY_EXPORT void mark_shared();

    void annotate(StopReason why, RefusedBy by) noexcept {
        failure_.stop_reason = why;
        failure_.refused_by = by;
    }

private:
    Failure failure_;
    std::error_code cause_;
    std::shared_ptr<const Detail> detail_;
};

} // namespace backstay::inline BACKSTAY_ABI
