#include <backstay/api/api_client.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <string>

// Fifty callers find that their token has been revoked: one of them fetches a new one, all wait for it, and
// each call is repeated once. The server is a sandbox of this process.

using namespace std::chrono_literals;
using backstay::expected, backstay::Token, backstay::ApiError, backstay::ApiClient;

/// An authorization server. The first token that it gives has been revoked; the sandbox takes the second.
struct Authority {
    int given = 0;

    asio::awaitable<expected<Token, ApiError>> operator()() {
        asio::steady_timer pretend_to_ask{co_await asio::this_coro::executor, 50ms};
        co_await pretend_to_ask.async_wait(asio::use_awaitable);
        co_return Token{.value = "token-" + std::to_string(++given), .expires_in = 1h};
    }
};

struct Result {
    int succeeded = 0;
    int repeated = 0;
};

asio::awaitable<void> call(ApiClient api, Result& result) {
    const auto reply = co_await api.get<backstay::Reply<boost::json::value>>("/resources");
    if (!reply) {
        std::cerr << to_string(reply.error()) << '\n';
        co_return;
    }
    ++result.succeeded;
    result.repeated += reply->attempt_count == 2 ? 1 : 0;
}

int main() try {
    const backstay::Sandbox sandbox{{.api = {.token = "token-2"}}};
    asio::io_context context;
    Authority authority;
    const backstay::RefreshOptions refresh{.ahead = 30s, .timeout = 5s, .min_interval = 100ms};

    backstay::ApiClientOptions options;
    options.base_url = sandbox.url() + "/v1";
    options.https.tls.ca_pem = sandbox.ca_pem();
    options.bearer = {[&authority] { return authority(); }, refresh};
    const ApiClient api{context.get_executor(), std::move(options)};

    Result result;
    for (int i = 0; i < 50; ++i) {
        asio::co_spawn(context, call(api, result), asio::detached);
    }
    context.run();
    std::cout << result.succeeded << " calls succeeded, " << result.repeated << " of them after a 401; the "
              << "token was fetched " << authority.given << " times\n";
    return result.succeeded == 50 && result.repeated == 50 && authority.given == 2 ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
}
