#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/http/transport.hpp>

#include <deque>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// A transport that answers from a queue of outcomes, each after a delay of the runtime's time: for tests of
/// what stands above it, without sockets. A request for which no outcome is left fails with kind `exception`.
/// Thread safety: none; it belongs to one executor.
class BACKSTAY_EXPORT ScriptedTransport final : public Transport {
public:
    /// A request as it came.
    struct Seen {
        Request request;
        TimePoint at;
        int attempt;
        Deadline deadline;
    };

    explicit ScriptedTransport(Runtime& runtime) noexcept : runtime_(runtime) {}

    /// Queues a reply with any status.
    ScriptedTransport& reply(int status, std::string body = std::string(), Fields fields = Fields(),
                             Duration after = Duration());
    /// Queues a whole reply, trailers and exchange included.
    ScriptedTransport& reply(ResponseParts parts, Duration after = Duration());
    /// Queues a failure of the network.
    ScriptedTransport& fail(TransportError error, Duration after = Duration());
    /// Queues a request that is never answered: only deadline, stop or cancellation end it.
    ScriptedTransport& hang();

    [[nodiscard]] asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                           CallContext& call) override;
    void close() noexcept override { closed_ = true; }

    [[nodiscard]] const std::vector<Seen>& seen() const noexcept { return seen_; }
    /// Counts the outcomes that no request has taken yet.
    [[nodiscard]] std::size_t left() const noexcept { return outcomes_.size(); }

private:
    struct Outcome {
        expected<Response, TransportError> result;
        Duration after;
    };

    Runtime& runtime_;
    std::deque<Outcome> outcomes_;
    std::vector<Seen> seen_;
    bool closed_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
