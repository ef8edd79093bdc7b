#pragma once

#include "api/call_record.hpp"
#include "api/call_registry.hpp"
#include "api/client_core.hpp"
#include "api/error_body.hpp"
#include "api/prepare.hpp"

#include <backstay/api/history.hpp>
#include <backstay/core/config.hpp>
#include <backstay/pipeline/any_pipeline.hpp>

#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

using Exchanged = expected<Response, TransportError>;

/// Makes one attempt after the other of the same request, and keeps their history.
class ApiOperation final : public Operation<Exchanged> {
public:
    /// `credential`: null unless the bearer refreshes its token. `record`: null for a call of which nothing
    /// is told. Lifetime: all of them outlive it.
    ApiOperation(const ClientCore& core, const Prepared& prepared, ActiveCall& active, TimePoint began,
                 CredentialUse* credential, CallRecord* record) noexcept
        : core_(core),
          prepared_(prepared),
          active_(active),
          credential_(credential),
          record_(record),
          last_end_(began),
          history_(prepared.read_only) {}

    [[nodiscard]] asio::awaitable<Exchanged> attempt(CallContext& call) override;

    [[nodiscard]] History take_history() noexcept { return std::move(history_); }
    /// Takes what that reply's body says: the latest attempt's has been read already.
    [[nodiscard]] ErrorBody take_error_body(const Response& reply);

private:
    [[nodiscard]] asio::awaitable<Exchanged> exchange(CallContext& call, const CallRecord::Attempt& told);
    void spare_sink(CallContext& call) const noexcept;
    void record(Exchanged& outcome, int number, TimePoint began) noexcept;
    void refine(Response& response, History::Outcome& line);

    const ClientCore& core_;
    const Prepared& prepared_;
    ActiveCall& active_;
    CredentialUse* credential_;
    CallRecord* record_;
    TimePoint last_end_;
    History history_;
    ErrorBody latest_;                       ///< of the latest attempt's reply, if that failed
    const std::string* latest_of_ = nullptr; ///< the body itself, which the history keeps
};

} // namespace backstay::inline BACKSTAY_ABI::detail
