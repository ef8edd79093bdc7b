#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/transport.hpp>

#include <memory>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct RedirectOptions {
    int max_redirects = 5; ///< of one exchange, 1 to 20; one more is `too_many_redirects`
    /// Fields that hold a credential, besides Authorization, Proxy-Authorization and Cookie: none of them
    /// goes to another origin.
    std::vector<std::string> credential_fields{};
};

/// Follows redirects. 301, 302 and 303 turn a POST into a GET without a body, 303 every other method but GET
/// and HEAD too; 307 and 308 keep method and body. Credentials are left out once scheme, host or port change,
/// and do not come back. A redirect from https to http, and one whose Location is missing, double or no URL,
/// is not followed: its reply is what the exchange comes to. `ExchangeInfo` tells how many were followed and
/// where they led.
///
/// It stands outside the connections, and inside the policies: to them, all hops are one attempt, with one
/// deadline. What fails after the first hop may have been processed, for the first server did answer; so may
/// a POST whose GET is turned away (`Reach::maybe_processed`): no policy repeats it as if it had been
/// refused.
///
/// Errors: those of the last exchange; `too_many_redirects`. The constructor throws `std::invalid_argument`.
/// Cancellation, thread safety and lifetime: those of the other transport.
/// Source: RFC 9110 section 15.4; RFC 3986 section 5; the Fetch standard for methods.
class BACKSTAY_EXPORT RedirectTransport final : public Transport {
public:
    explicit RedirectTransport(std::shared_ptr<Transport> inner, RedirectOptions options = RedirectOptions());

    [[nodiscard]] asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                                           CallContext& call) override;
    void close() noexcept override { inner_->close(); }

private:
    std::shared_ptr<Transport> inner_;
    const RedirectOptions options_;
};

} // namespace backstay::inline BACKSTAY_ABI
