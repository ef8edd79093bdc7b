#pragma once

#include "support/api_world.hpp"

#include <backstay/api/credentials.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/policy/attempt_timeout.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

/// Answers 204 to the token that is valid, 401 to any other, after a delay that heeds deadline and stop.
class TokenServer final : public Transport {
public:
    explicit TokenServer(Runtime& runtime) noexcept : runtime_(runtime) {}

    std::string valid = "token-1";
    Duration delay = 10ms;
    std::deque<int> instead{}; ///< statuses of the next replies, whatever the token
    std::vector<Request> seen{};
    std::vector<std::string> tokens{}; ///< that came, with their scheme
    std::vector<TimePoint> times{};    ///< when they came

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& call) override {
        seen.push_back(request);
        times.push_back(runtime_.now());
        const std::string* const token = request.fields.find("Authorization");
        tokens.push_back(token != nullptr ? *token : "");
        const bool good = tokens.back() == "Bearer " + valid; // as it arrives: it may be revoked meanwhile
        int status = good ? 204 : 401;
        if (!instead.empty()) {
            status = instead.front();
            instead.pop_front();
        }
        const TimePoint due = runtime_.now() + delay;
        const auto executor = co_await asio::this_coro::executor;
        const auto parking = detail::Parking::make(runtime_, executor);
        const detail::Woken woken = co_await parking->wait(std::min(due, call.deadline.at), call.stop);
        if (woken != detail::Woken::time || due > call.deadline.at) {
            const auto kind = woken == detail::Woken::time      ? call.deadline.kind
                              : woken == detail::Woken::stopped ? call.stop->reason()
                                                                : FailureKind::canceled;
            co_return fail(TransportError{Failure{.kind = kind, .reach = Reach::maybe_processed}});
        }
        co_return Response{ResponseParts{.status = status}};
    }

private:
    Runtime& runtime_;
};

/// Clients whose token is fetched by a provider, in virtual time.
struct TokenWorld : World {
    std::shared_ptr<TokenServer> server = std::make_shared<TokenServer>(runtime);
    Duration fetch_time = 100ms;
    std::optional<Duration> lifetime{};     ///< of what the provider gives
    std::optional<ApiError> fetch_error{};  ///< that it fails with
    std::function<void()> on_fetched = {};  ///< just before it returns
    int revoked = 0;                        ///< the server takes none of the first so many
    int fetched = 0;                        ///< times that it was begun
    int fetching = 0;                       ///< of them, now
    int most_fetching = 0;                  ///< at once
    std::optional<detail::Woken> fetch_end; ///< what ended its last wait

    /// Gives `token-1`, `token-2` and so on; the server then takes that one alone.
    BearerToken bearer(const RefreshOptions& options = {}) {
        return {[this] { return fetch(); }, options};
    }
    ApiClient client(BearerToken bearer) { return client(std::move(bearer), {.pipeline = pipeline({})}); }
    ApiClient client(BearerToken bearer, ApiClientOptions options) {
        options.base_url = "https://api.test/v1";
        options.transport = server;
        options.runtime = &runtime;
        options.bearer = std::move(bearer);
        return ApiClient{context.get_executor(), std::move(options)};
    }

    static ResponsePipeline pipeline(const RetryOptions& retry) {
        return Pipeline{TotalTimeout{30s}, Retry{retry}, Credentials{}, CircuitBreaker{}, AttemptTimeout{8s}};
    }

    /// Runs one call to its end.
    ApiResult<void> get(const ApiClient& api, CallOptions options = {}) {
        return test::run<ApiResult<void>>(*this, api.get<void>("/r", std::move(options)));
    }

private:
    asio::awaitable<expected<Token, ApiError>> fetch() {
        const int number = ++fetched;
        const Inside inside{*this};
        if (fetch_time > Duration::zero()) {
            fetch_end = co_await nap(runtime, fetch_time);
            if (fetch_end != detail::Woken::time) {
                co_return fail(ApiError{Failure{.kind = FailureKind::canceled}});
            }
        }
        if (on_fetched) {
            on_fetched();
        }
        if (fetch_error) {
            co_return fail(*fetch_error);
        }
        std::string value = "token-" + std::to_string(number);
        server->valid = number > revoked ? value : "none";
        co_return Token{.value = std::move(value), .expires_in = lifetime};
    }

    struct Inside {
        explicit Inside(TokenWorld& entered) : world(entered) {
            world.most_fetching = std::max(world.most_fetching, ++world.fetching);
        }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside() { --world.fetching; }
        TokenWorld& world;
    };
};

} // namespace backstay::test
