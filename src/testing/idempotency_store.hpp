#pragma once

#include <backstay/testing/detail/guide_api.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Remembers the replies to requests that carried an idempotency key, so that a repeat gets the same one and
/// changes nothing. Bounded: the oldest keys are forgotten first.
/// Source: draft-ietf-httpapi-idempotency-key-header.
class IdempotencyStore {
public:
    struct Entry {
        std::size_t fingerprint = 0; ///< of the request that the key belongs to
        ApiReply reply{};
    };

    [[nodiscard]] static std::size_t fingerprint(const ApiRequest& request) {
        return std::hash<std::string>{}(request.method + ' ' + request.target + '\n' + request.body);
    }

    [[nodiscard]] const Entry* find(const std::string& key) const {
        const auto found = entries_.find(key);
        return found != entries_.end() ? &found->second : nullptr;
    }

    void add(const std::string& key, Entry entry) {
        constexpr std::size_t most = 10'000;
        if (order_.size() == most) {
            entries_.erase(order_.front());
            order_.pop_front();
        }
        entries_.emplace(key, std::move(entry));
        order_.push_back(key);
    }

private:
    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::string> order_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
