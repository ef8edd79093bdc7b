#include <backstay/api/api_error.hpp>

#include <backstay/core/classifier.hpp>

#include <atomic>
#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

struct ApiError::Shared {
    explicit Shared(Detail parts) noexcept : detail(std::move(parts)) {}

    Detail detail;
    std::atomic<unsigned> owners{1};
};

ApiError::ApiError(const Failure& failure, Detail detail) noexcept
    : failure_(failure), shared_(new(std::nothrow) Shared(std::move(detail))) {}

ApiError::ApiError(const ApiError& other) noexcept : failure_(other.failure_), shared_(other.shared_) {
    if (shared_ != nullptr) {
        shared_->owners.fetch_add(1, std::memory_order_relaxed);
    }
}

ApiError::ApiError(ApiError&& other) noexcept
    : failure_(other.failure_), shared_(std::exchange(other.shared_, nullptr)) {}

ApiError& ApiError::operator=(ApiError other) noexcept {
    std::swap(failure_, other.failure_);
    std::swap(shared_, other.shared_);
    return *this;
}

ApiError::~ApiError() {
    if (shared_ != nullptr && shared_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete shared_;
    }
}

const ApiError::Detail& ApiError::detail() const noexcept {
    static const Detail empty{};
    return shared_ != nullptr ? shared_->detail : empty;
}

std::optional<Duration> ApiError::retry_after() const noexcept {
    return failure_.is(Failure::has_hint) ? std::optional{failure_.hint} : std::nullopt;
}

Certainty ApiError::certainty() const noexcept {
    if (attempt_count() > 0) {
        return detail().history.certainty();
    }
    CertaintyFold alone;
    alone.add(failure_);
    return alone.value();
}

bool ApiError::accepted() const noexcept {
    return failure_.reach == Reach::answered && failure_.status >= 200 && failure_.status < 300;
}

bool ApiError::retryable() const noexcept {
    Failure failure = failure_;
    if (failure.reach == Reach::refused_here) {
        if (failure.refused_by != RefusedBy::credentials) {
            return kind() != FailureKind::client_closed;
        }
        failure.reach = Reach::never_sent; // it tells of the request for the token
    }
    const bool safe = detail().safe_to_repeat;
    if (!safe && certainty() == Certainty::unknown) {
        return false;
    }
    if (kind() == FailureKind::deadline_exceeded) {
        failure.kind = FailureKind::attempt_timeout; // a later call has time of its own
    }
    return Classifier{}.may_repeat(failure, safe);
}

const std::vector<std::string>& ApiError::advice() const noexcept {
    return detail().guide.advice(kind());
}

std::string_view ApiError::user_message() const noexcept {
    return detail().guide.user_message(kind());
}

const Response* ApiError::response() const noexcept {
    const auto& response = detail().response;
    return response ? &*response : nullptr;
}

} // namespace backstay::inline BACKSTAY_ABI
