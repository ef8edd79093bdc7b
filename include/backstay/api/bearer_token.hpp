#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>

#include <asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
class TokenStore;
} // namespace detail

/// What a provider gives.
struct Token {
    std::string value{};
    std::optional<Duration> expires_in{}; ///< from the moment it is given; nullopt: only a 401 ends it
};

/// Fetches a fresh token: from an authorization server, a file, a secret store.
using TokenProvider = std::function<asio::awaitable<expected<Token, ApiError>>()>;

struct RefreshOptions {
    Duration ahead = std::chrono::seconds{30};   ///< of the expiry, but in the second half of a token's life
    Duration timeout = std::chrono::seconds{10}; ///< a provider that has not answered by then has failed
    Duration min_interval = std::chrono::seconds{1}; ///< from the end of one refresh to the next; 0: none
};

/// The token that every attempt carries as `Authorization: Bearer`. A handle: copies, and the clients that
/// are given them, share a provider's token and its refresh.
class BACKSTAY_EXPORT BearerToken {
public:
    /// Sends no such field.
    BearerToken() = default;
    /// A fixed token; an empty one sends no such field.
    BearerToken(std::string token) // NOLINT(google-explicit-constructor)
        : fixed_(std::move(token)), number_(fixed_.empty() ? 0 : next_number()) {}
    BearerToken(const char* token) : BearerToken(std::string(token)) {} // NOLINT(google-explicit-constructor)

    /// What a function returns when an attempt is built. It may be called on any thread that runs calls; when
    /// it throws, the attempt fails with `exception` and nothing is sent.
    template <std::invocable F>
        requires std::convertible_to<std::invoke_result_t<F&>, std::string>
    BearerToken(F source) // NOLINT(google-explicit-constructor)
        : source_(std::move(source)), number_(next_number()) {}

    /// What a coroutine fetches: at the first call, `ahead` of its expiry, and when a server refuses it with
    /// 401. However many calls need it, one fetches and all wait; each is then repeated once. The client's
    /// pipeline needs the stage `Credentials`. Throws `std::invalid_argument` for an option out of range.
    ///
    /// Errors: when the provider fails, throws, or gives what no field can hold, the calls that wait fail
    /// with its kind and a message that says so, and so do others until `min_interval`, or a wait that its
    /// error names (at most 60 s), is over. No token is ever in them. Cancellation: that of a call does not
    /// touch the provider; a client's `shutdown` cancels what it began. Thread safety: the provider runs on
    /// the executor of the client whose call began it, never twice at once. Lifetime: what it uses outlives
    /// the client's calls and a refresh that they began. It must not call through the client that it serves:
    /// that call would wait for itself. One that is deaf to cancellation fails its callers in time, but no
    /// other refresh begins before it has ended.
    template <std::invocable F>
        requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<expected<Token, ApiError>>>
    BearerToken(F provider, // NOLINT(google-explicit-constructor)
                const RefreshOptions& options = RefreshOptions())
        : store_(make_store(TokenProvider(std::move(provider)), options)), number_(next_number()) {}

    /// Whether two attempts may carry different ones.
    [[nodiscard]] bool changes() const noexcept { return source_ || store_; }
    /// Whether a provider fetches it.
    [[nodiscard]] bool refreshes() const noexcept { return store_ != nullptr; }
    /// What an attempt would carry now; of a provider's, empty before the first has come.
    [[nodiscard]] std::string current() const { return store_ ? stored() : source_ ? source_() : fixed_; }

    /// Which one it is, in this process: the same for copies, and never made from the token. 0: it is none.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    /// For the client.
    [[nodiscard]] const std::shared_ptr<detail::TokenStore>& store() const noexcept { return store_; }

private:
    [[nodiscard]] static std::shared_ptr<detail::TokenStore> make_store(TokenProvider provider,
                                                                        const RefreshOptions& options);
    [[nodiscard]] std::string stored() const;
    [[nodiscard]] static std::uint64_t next_number() noexcept;

    std::string fixed_;
    std::function<std::string()> source_;
    std::shared_ptr<detail::TokenStore> store_;
    std::uint64_t number_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
