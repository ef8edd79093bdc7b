#pragma once

#include "http/address_cache.hpp"
#include "http/lookup.hpp"
#include "http/step_fault.hpp"
#include "http/watchdog.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/https_transport.hpp>
#include <backstay/http/url.hpp>

#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Finds the addresses of an origin, in the order in which they are to be tried: an override, the literal
/// itself, the loopback for `localhost` (RFC 6761 section 6.3), else what the system says, or said lately.
/// Thread safety: any thread.
class BACKSTAY_EXPORT Resolver {
public:
    /// Errors: throws `std::invalid_argument` for an override that is no address.
    explicit Resolver(const std::vector<ResolveOverride>& overrides, Duration cache_for = Duration::zero(),
                      LookupThreads threads = LookupThreads());

    /// Answers without asking anybody, when that can be done; else nothing.
    [[nodiscard]] Addresses known(const Origin& origin) const;

    /// Asks, if need be. The fault is `resolve_failed`, or `resource_exhausted` when no thread can be had.
    /// When the watchdog ended it, its verdict says why; the lookup itself is left behind.
    [[nodiscard]] asio::awaitable<expected<Addresses, StepFault>> resolve(const Origin& origin,
                                                                          Watchdog& watchdog);

    /// Has the next call ask anew: none of the addresses could be connected to.
    void forget(const Origin& origin) noexcept { cache_.forget(origin.host); }

private:
    struct Override {
        std::string host;
        std::uint16_t port;
        asio::ip::address address;
    };

    std::vector<Override> overrides_;
    AddressCache cache_;
    LookupThreads threads_;
};

} // namespace backstay::inline BACKSTAY_ABI
