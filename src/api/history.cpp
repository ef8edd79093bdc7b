#include <backstay/api/history.hpp>

#include "api/server_text.hpp"

#include <algorithm>
#include <new>

namespace backstay::inline BACKSTAY_ABI {
namespace {

Attempt line_of(const History::Outcome& outcome) {
    const Failure& failure = outcome.failure;
    Attempt line{.number = outcome.number,
                 .kind = failure.kind,
                 .status = failure.status,
                 .reach = failure.reach,
                 .waited = outcome.waited,
                 .duration = outcome.duration,
                 .request_id = std::string{outcome.known_request_id()},
                 .hint_source = hint_source(failure)};
    if (failure.is(Failure::has_hint)) {
        line.retry_after = failure.hint;
    }
    if (const auto* exchange = outcome.exchange()) {
        line.reused = exchange->reused;
        line.shared = exchange->shared;
        line.redirects = exchange->redirects;
        line.final_url = exchange->final_url;
        line.remote = exchange->remote;
    }
    return line;
}

} // namespace

std::string_view History::Outcome::known_request_id() const noexcept {
    return request_id.empty() && result ? request_id_of(result->fields()) : std::string_view{request_id};
}

const ExchangeInfo* History::Outcome::exchange() const noexcept {
    if (result) {
        return &result->exchange();
    }
    const auto* detail = result.error().detail();
    return detail != nullptr ? &detail->exchange : nullptr;
}

void History::add(Outcome outcome) noexcept {
    ++total_;
    certainty_.add(outcome.failure);
    if (latest_) {
        try {
            keep(line_of(*latest_));
        } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): its line is lost, the call goes on
        }
    }
    latest_.emplace(std::move(outcome));
}

void History::keep(Attempt attempt) {
    // the latest attempt stands apart, so the ring holds one less
    constexpr std::size_t ring = kept_at_each_end - 1;
    if (first_.size() < kept_at_each_end) {
        first_.push_back(std::move(attempt));
    } else if (last_.size() < ring) {
        last_.push_back(std::move(attempt));
    } else {
        last_[oldest_] = std::move(attempt);
        oldest_ = (oldest_ + 1) % ring;
    }
}

std::vector<Attempt> History::attempts() const {
    std::vector<Attempt> all;
    all.reserve(first_.size() + last_.size() + 1);
    all = first_;
    const auto oldest = last_.begin() + static_cast<std::ptrdiff_t>(oldest_);
    std::rotate_copy(last_.begin(), oldest, last_.end(), std::back_inserter(all));
    if (latest_) {
        all.push_back(line_of(*latest_));
    }
    // the branches of a hedge end in another order than they begin; no two attempts have the same number
    std::ranges::sort(all, {}, &Attempt::number);
    return all;
}

std::string_view request_id_of(const Fields& fields) noexcept {
    for (const std::string_view name : {"X-Request-Id", "Request-Id"}) {
        if (const auto* value = fields.find(name)) {
            return detail::server_text(*value);
        }
    }
    return {};
}

} // namespace backstay::inline BACKSTAY_ABI
