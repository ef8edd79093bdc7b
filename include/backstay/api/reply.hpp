#pragma once

#include <backstay/api/attempt.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/traits.hpp>
#include <backstay/http/fields.hpp>

#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// A reply's `links` by name, as the server wrote them; `ApiClient::follow` takes one.
using Links = std::map<std::string, std::string, std::less<>>;

/// What came with the data.
struct ReplyInfo {
    int status = 0;
    Links links{};
    Fields headers{};
    std::string request_id{};        ///< from the body, else `X-Request-Id` or `Request-Id`
    std::string idempotency_key{};   ///< that the call carried
    std::vector<Attempt> attempts{}; ///< the first and last 15, in order; one succeeded
    int attempt_count = 0;
    bool is_fallback = false; ///< a `Fallback` made it, not the server: nothing else above is filled in

    /// Finds a link; null when there is none of that name.
    [[nodiscard]] const std::string* link(std::string_view name) const noexcept {
        const auto found = links.find(name);
        return found != links.end() ? &found->second : nullptr;
    }
};

/// Data together with what came with it: ask for it as `get<Reply<Order>>`.
template <class T>
struct Reply : ReplyInfo {
    T data{};
};

template <>
struct Reply<void> : ReplyInfo {};

/// A fallback may give a whole reply, or its data alone.
template <class T>
struct fallback_traits<Reply<T>> {
    [[nodiscard]] static Reply<T> make(Reply<T> reply) {
        reply.is_fallback = true;
        return reply;
    }
    template <class V>
        requires(!std::same_as<std::remove_cvref_t<V>, Reply<T>> && std::constructible_from<T, V>)
    [[nodiscard]] static Reply<T> make(V&& data) {
        Reply<T> reply;
        reply.data = T(std::forward<V>(data));
        reply.is_fallback = true;
        return reply;
    }
};

template <>
struct fallback_traits<Reply<void>> {
    [[nodiscard]] static Reply<void> make(Reply<void> reply) {
        reply.is_fallback = true;
        return reply;
    }
};

} // namespace backstay::inline BACKSTAY_ABI
