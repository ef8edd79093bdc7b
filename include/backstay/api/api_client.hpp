#pragma once

#include <backstay/api/api_client_options.hpp>
#include <backstay/api/api_error.hpp>
#include <backstay/api/body.hpp>
#include <backstay/api/call_options.hpp>
#include <backstay/api/detail/decode_reply.hpp>
#include <backstay/api/reply.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace detail {
struct ClientCore;
}

/// What a call comes to.
template <class T>
using ApiResult = expected<T, ApiError>;

/// What may be given to `post`, `put` and `patch` as a body.
template <class B>
concept BodyValue = !std::convertible_to<const B&, CallOptions>;

/// Calls one API. `T` is what the caller wants of the reply: a described struct, `std::optional` of one,
/// `boost::json::value`, `Response` (the whole reply, not decoded), `void`, or `Reply<>` around any of these.
///
/// A path is appended to the base URL; a whole URL in its place is `invalid_request`. Any 2xx is a success; a
/// 304 only for `Response` and optionals. An absent body (202, 204) suits `void`, an optional and
/// `boost::json::value`. A handle: cheap to copy; copies and what `with` gives share connections, policies
/// and `shutdown`. Errors: as values. Cancellation: a cancelled call ends as `canceled`, once what it started
/// has ended. Thread safety: all members from any thread; a call runs on its caller's executor, which is
/// serialised. Lifetime: an awaitable is started when it is awaited and owns all that it needs. The context
/// of the executor given to the constructor outlives the client.
class BACKSTAY_EXPORT ApiClient {
public:
    /// `executor` runs what belongs to no call. Throws `std::invalid_argument` naming the option that is
    /// wrong.
    ApiClient(asio::any_io_executor executor, ApiClientOptions options);

    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> get(std::string path,
                                                    CallOptions options = CallOptions()) const {
        return request<T>("GET", std::move(path), Body{}, std::move(options));
    }
    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> head(std::string path,
                                                     CallOptions options = CallOptions()) const {
        return request<T>("HEAD", std::move(path), Body{}, std::move(options));
    }
    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> del(std::string path,
                                                    CallOptions options = CallOptions()) const {
        return request<T>("DELETE", std::move(path), Body{}, std::move(options));
    }

    /// Sends `body` as JSON (see `encode`), or as it is when it is a `Body`. It is written before this
    /// returns. Name an aggregate before you pass it: GCC 12 destroys a braced temporary inside a `co_await`
    /// expression twice.
    template <class T, BodyValue B>
    [[nodiscard]] asio::awaitable<ApiResult<T>> post(std::string path, const B& body,
                                                     CallOptions options = CallOptions()) const {
        return request<T>("POST", std::move(path), as_body(body), std::move(options));
    }
    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> post(std::string path,
                                                     CallOptions options = CallOptions()) const {
        return request<T>("POST", std::move(path), Body{}, std::move(options));
    }
    template <class T, BodyValue B>
    [[nodiscard]] asio::awaitable<ApiResult<T>> put(std::string path, const B& body,
                                                    CallOptions options = CallOptions()) const {
        return request<T>("PUT", std::move(path), as_body(body), std::move(options));
    }
    template <class T, BodyValue B>
    [[nodiscard]] asio::awaitable<ApiResult<T>> patch(std::string path, const B& body,
                                                      CallOptions options = CallOptions()) const {
        return request<T>("PATCH", std::move(path), as_body(body), std::move(options));
    }

    /// Sends any method.
    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> request(std::string method, std::string path,
                                                        Body body = Body(),
                                                        CallOptions options = CallOptions()) const {
        return detail::decoded<T>(
            call(std::move(method), std::move(path), false, std::move(body), std::move(options)));
    }

    /// Gets what a server's link leads to, resolved by RFC 3986 against the base URL.
    /// Errors: `invalid_request` when it leads to another origin.
    template <class T>
    [[nodiscard]] asio::awaitable<ApiResult<T>> follow(std::string link,
                                                       CallOptions options = CallOptions()) const {
        return detail::decoded<T>(call("GET", std::move(link), true, Body{}, std::move(options)));
    }

    /// Derives a client whose calls have these options where they leave them open. Throws
    /// `std::invalid_argument` for what cannot hold for all of them: an idempotency key other than `auto`,
    /// and a field that no request can carry.
    [[nodiscard]] ApiClient with(const CallOptions& overrides) const;
    /// Derives a client whose calls run in another pipeline, over the same connections. Throws
    /// `std::invalid_argument` when the pipeline lacks a stage that the client needs.
    [[nodiscard]] ApiClient with(ResponsePipeline pipeline) const;

    /// Refuses new calls (`client_closed`), ends waits between attempts, lets running attempts go on for
    /// `grace`, stops what is left then, and closes the transport, a given one too. May be called again, and
    /// from any executor. Returns how many calls had to be stopped. Errors: throws `std::bad_alloc` when
    /// there was no memory to tell every call; the transport is closed, and when it is called again those
    /// calls are told again. Cancellation: ends the grace.
    [[nodiscard]] asio::awaitable<std::size_t> shutdown(Duration grace) const;

    [[nodiscard]] const asio::any_io_executor& get_executor() const noexcept;
    /// The pipeline that its calls run in: for a `Registry`.
    [[nodiscard]] const ResponsePipeline& pipeline() const noexcept;
    /// Prints the pipeline's stages with their arithmetic.
    [[nodiscard]] std::string describe() const;

private:
    explicit ApiClient(std::shared_ptr<const detail::ClientCore> core) noexcept : core_(std::move(core)) {}

    template <class B>
    static Body as_body(const B& body) {
        if constexpr (std::same_as<B, Body>) {
            return body;
        } else {
            return Body::json(body);
        }
    }

    [[nodiscard]] asio::awaitable<expected<detail::RawReply, ApiError>>
    call(std::string method, std::string target, bool is_link, Body body, CallOptions options) const;

    std::shared_ptr<const detail::ClientCore> core_;
};

} // namespace backstay::inline BACKSTAY_ABI
