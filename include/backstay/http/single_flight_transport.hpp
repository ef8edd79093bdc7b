#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/http/transport.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct SingleFlightOptions {
    /// Fields in which requests may differ and yet be the same: the first caller's are sent. Not one that
    /// holds a credential.
    std::vector<std::string> ignored_fields{"traceparent", "tracestate"};
};

/// Lets identical GETs and HEADs that are under way at the same time share one exchange of another transport.
/// Identical: method, origin, target, every field (so that credentials never mix), the limit of the reply's
/// size, and neither a body nor a sink. What tells how long one of them waits (`Request::deadline_field`)
/// makes no difference and is not sent. `ExchangeInfo::shared` says that it happened. A request whose
/// `Cache-Control` has `no-cache` or `no-store` goes alone: after a write of its own, a caller that joins
/// could be given a reply from before it. A shared failure counts once for each caller, in breakers and
/// budgets too.
///
/// Errors: those of the exchange, to all who share it; the constructor throws `std::invalid_argument`.
/// Cancellation: each caller keeps its own deadline, stop and cancellation, and leaves by itself; the
/// exchange goes on while one is left, and is stopped when the last has left. When a caller's time was up,
/// the next one begins another exchange: a hung one does not take all who come later with it. Thread safety:
/// calls on any executors and threads share. The exchange runs on that of the first caller, also when it has
/// left; when that context is destroyed, one of the others begins anew. Lifetime: it outlives its calls, and
/// the runtime outlives it and a stopped exchange that has not ended yet. The first caller's observer is told
/// of the exchange until that caller leaves.
class BACKSTAY_EXPORT SingleFlightTransport final : public Transport {
public:
    SingleFlightTransport(std::shared_ptr<Transport> inner, Runtime& runtime,
                          SingleFlightOptions options = SingleFlightOptions());
    ~SingleFlightTransport() override;

    [[nodiscard]] asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                           CallContext& call) override;
    void close() noexcept override;

    /// Counts the shared exchanges that can be joined now.
    [[nodiscard]] std::size_t in_flight() const noexcept;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace backstay::inline BACKSTAY_ABI
