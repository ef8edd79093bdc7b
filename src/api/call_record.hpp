#pragma once

#include "api/call_trace.hpp"
#include "api/client_core.hpp"
#include "api/prepare.hpp"

#include <backstay/api/api_error.hpp>
#include <backstay/api/history.hpp>
#include <backstay/core/call_context.hpp>
#include <backstay/core/call_notes.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/response.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What is told of a call that is observed or traced: notes for its events, its trace, and, once its reply
/// has been decoded, its end. A call that is neither has none, and pays one pointer. Thread safety: none; it
/// goes with its call.
class BACKSTAY_EXPORT CallRecord {
public:
    using Attempt = CallTrace::Attempt;

    /// Null when there is nothing to tell, and when there is no memory: then the driver tells what it knows.
    [[nodiscard]] static std::shared_ptr<CallRecord> begin(std::shared_ptr<const ClientCore> core,
                                                           const Wish& wish) noexcept;

    CallRecord(std::shared_ptr<const ClientCore> core, const Wish& wish, Observer* observer, bool traced);
    CallRecord(const CallRecord&) = delete;
    CallRecord& operator=(const CallRecord&) = delete;

    /// Makes the driver use the notes, and leave the end to `ended`. Lifetime: this outlives the call.
    void attach(CallSettings& settings) noexcept;

    [[nodiscard]] Attempt begin_attempt(int number, TimePoint at) noexcept;
    /// Gives the attempt a request of its own, with what it sends of the trace, if it sends anything.
    void add_trace(const Attempt& attempt, const Request& shared, std::optional<Request>& own) const noexcept;
    void end_attempt(Attempt attempt, const History::Outcome& outcome, TimePoint at) noexcept;

    /// Tells how the call ended: with this error, or (nullptr) with this response and what it was decoded to.
    /// `fault`: what was wrong with the reply's body, in our words alone.
    void ended(const ApiError* error, const Response& response,
               std::string_view fault = std::string_view()) noexcept;

private:
    void tell_failure(const ApiError& error, std::string_view fault);

    std::shared_ptr<const ClientCore> core_;
    Observer* observer_; ///< null when it does not want to know of attempts or calls that end
    std::string operation_;
    CallNotes notes_;
    int attempts_ = 0; ///< begun
    std::optional<CallTrace> trace_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
