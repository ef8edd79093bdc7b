#pragma once

#include <backstay/api/decode.hpp>
#include <backstay/api/detail/raw_reply.hpp>
#include <backstay/core/expected.hpp>

#include <asio/awaitable.hpp>

#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What a caller asked for: `Wanted<T>::Data` is the data's type, with or without a `Reply` around it.
template <class T>
struct Wanted {
    using Data = T;
    static constexpr bool reply = false;
};
template <class T>
struct Wanted<Reply<T>> {
    using Data = T;
    static constexpr bool reply = true;
};

/// Types for which no body is an answer too.
template <class Data>
inline constexpr bool may_be_absent = is_optional<Data> || std::same_as<Data, boost::json::value>;

/// Fills `out` from the reply; false when the body does not suit.
template <class Data>
bool read_data(RawReply& reply, Data& out) {
    if constexpr (std::same_as<Data, Response>) {
        out = reply.response();
        return true;
    } else {
        if (reply.not_modified()) {
            return is_optional<Data>;
        }
        switch (reply.read()) {
        case RawReply::Body::absent:
            return may_be_absent<Data>;
        case RawReply::Body::present:
            return decode_into(out, reply.data());
        case RawReply::Body::malformed:
            break;
        }
        return false;
    }
}

/// Makes what was asked for of a 2xx or a 304. What a user's own type throws becomes an error.
template <class T>
expected<T, ApiError> read_reply(RawReply& reply) noexcept {
    using Data = typename Wanted<T>::Data;
    try {
        if constexpr (std::is_void_v<Data>) {
            if (reply.not_modified()) {
                return fail(std::move(reply).unsuitable());
            }
            if constexpr (Wanted<T>::reply) {
                T result;
                (void)reply.read(); // for links and request id, if there are any
                reply.describe(result);
                return result;
            } else {
                return {};
            }
        } else {
            T result{};
            bool good = false;
            if constexpr (Wanted<T>::reply) {
                good = read_data(reply, result.data);
                reply.describe(result);
            } else {
                good = read_data(reply, result);
            }
            if (!good) {
                return fail(std::move(reply).unsuitable());
            }
            return result;
        }
    } catch (...) {
        return fail(std::move(reply).thrown());
    }
}

/// The same, and tells what the call has come to: a body that does not suit is a failed call.
template <class T>
expected<T, ApiError> decode_reply(RawReply reply) noexcept {
    expected<T, ApiError> result = read_reply<T>(reply);
    reply.ended(result ? nullptr : &result.error());
    return result;
}

/// Awaits a call, then decodes. No `co_await` follows the first: after a cancel it would throw.
template <class T>
asio::awaitable<expected<T, ApiError>> decoded(asio::awaitable<expected<RawReply, ApiError>> call) {
    auto reply = co_await std::move(call);
    if (!reply) {
        co_return fail(std::move(reply.error()));
    }
    co_return decode_reply<T>(std::move(*reply));
}

} // namespace backstay::inline BACKSTAY_ABI::detail
