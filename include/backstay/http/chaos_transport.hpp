#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/transport.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace backstay::inline BACKSTAY_ABI {

struct ChaosTransportOptions {
    double drop_before_ratio = 0; ///< of requests whose connection is lost before a byte is sent
    double drop_after_ratio = 0;  ///< of requests that the server does, and whose reply is lost
    double delay_ratio = 0;       ///< of requests whose reply is held back; the three are 1 at most in all
    Duration delay = std::chrono::seconds{1};
    bool acknowledge_production_risk = false; ///< real calls of real users will fail
};

/// Breaks connections on purpose, at a rate, to show what callers make of it. `drop_before`: the call fails
/// with `connection_lost` and was never sent. `drop_after`: the request is sent, and the call fails with
/// `connection_lost` and may have been processed, as indeed it was. `delay`: the reply comes later, and is
/// cut by the call's own deadline. Each is told as `chaos_injected`, its name in `detail`. One number is
/// drawn for each request, from the call's random source: the same seed breaks the same requests.
///
/// Errors: the constructor throws `std::invalid_argument` for a ratio out of range, and unless the runtime is
/// simulated or `acknowledge_production_risk` is set. Thread safety and lifetime: those of the other
/// transport; it outlives its calls, the runtime outlives it.
class BACKSTAY_EXPORT ChaosTransport final : public Transport {
public:
    ChaosTransport(std::shared_ptr<Transport> inner, Runtime& runtime, const ChaosTransportOptions& options);

    [[nodiscard]] asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                           CallContext& call) override;
    void close() noexcept override { inner_->close(); }

private:
    enum class Fault : std::uint8_t { none, drop_before, drop_after, delay };

    [[nodiscard]] Fault draw(CallContext& call) const noexcept;
    void tell(CallContext& call, Fault fault) const noexcept;
    /// Says what cut the wait; `none` when it is over.
    asio::awaitable<FailureKind> hold_back(const CallContext& call);

    std::shared_ptr<Transport> inner_;
    Runtime& runtime_;
    const ChaosTransportOptions options_;
};

} // namespace backstay::inline BACKSTAY_ABI
