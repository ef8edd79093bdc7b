#pragma once

#include "api/client_core.hpp"
#include "api/token_store.hpp"

#include <backstay/api/api_error.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What one call knows of the refreshed token that its attempts carry: written by its operation and by the
/// policy `Credentials`, shared by the branches of a hedge. Thread safety: none, it belongs to the call.
class CredentialUse {
public:
    explicit CredentialUse(std::shared_ptr<const ClientCore> client) noexcept : client_(std::move(client)) {}

    [[nodiscard]] const std::shared_ptr<TokenStore>& store() const noexcept {
        return client_->options.bearer.store();
    }
    [[nodiscard]] const std::shared_ptr<const ClientCore>& client() const noexcept { return client_; }

    /// Notes that the server answered 401 to an attempt with a token of that version. Exact, whatever tokens
    /// have come meanwhile: so a newer one is seen to be newer.
    void note_refused(std::uint64_t version) noexcept { refused_ = std::max(refused_, version); }
    /// The newest version that was refused; 0: none.
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

    /// True once in a call: its repeat after a 401.
    [[nodiscard]] bool take_repeat() noexcept {
        repeating_ = !std::exchange(repeated_, true);
        return repeating_;
    }
    /// True when what ends is that repeat.
    [[nodiscard]] bool end_repeat() noexcept { return std::exchange(repeating_, false); }

    /// Why the call got no token: what the failure that policies see has no room for.
    void note_error(ApiError error) noexcept { error_ = std::move(error); }
    /// Writes that into the outcome of a call that ended for want of one.
    void explain(expected<Response, TransportError>& outcome) const noexcept {
        if (outcome || outcome.error().failure().reach != Reach::refused_here ||
            outcome.error().failure().refused_by != RefusedBy::credentials) {
            return;
        }
        try {
            outcome = fail(
                TransportError{outcome.error().failure(), error_.cause(), {.message = error_.message()}});
        } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): the kind says enough
        }
    }

private:
    std::shared_ptr<const ClientCore> client_;
    std::uint64_t refused_ = 0;
    bool repeated_ = false;
    bool repeating_ = false;
    ApiError error_{};
};

} // namespace backstay::inline BACKSTAY_ABI::detail
