#pragma once

#include <backstay/core/config.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// The token that every attempt carries as `Authorization: Bearer`: a fixed one, or what a function returns
/// when an attempt is built. The function may be called on any thread that runs calls; when it throws, the
/// attempt fails with `exception` and nothing is sent. An empty token sends no such field.
class BearerToken {
public:
    BearerToken() = default;
    BearerToken(std::string token) : fixed_(std::move(token)) {} // NOLINT(google-explicit-constructor)
    BearerToken(const char* token) : fixed_(token) {}            // NOLINT(google-explicit-constructor)
    template <std::invocable F>
        requires std::convertible_to<std::invoke_result_t<F&>, std::string>
    BearerToken(F source) : source_(std::move(source)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool changes() const noexcept { return static_cast<bool>(source_); }
    [[nodiscard]] std::string current() const { return source_ ? source_() : fixed_; }

private:
    std::string fixed_;
    std::function<std::string()> source_;
};

} // namespace backstay::inline BACKSTAY_ABI
