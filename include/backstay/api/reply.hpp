#pragma once

#include <backstay/api/attempt.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/fields.hpp>

#include <map>
#include <string>
#include <string_view>
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
    std::vector<Attempt> attempts{}; ///< the first and last 15, in order; the last one succeeded
    int attempt_count = 0;

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

} // namespace backstay::inline BACKSTAY_ABI
