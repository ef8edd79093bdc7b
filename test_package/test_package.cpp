#include <backstay/api/api_client.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>

// Calls a port that nobody listens on and asserts what the error says.
asio::awaitable<void> call(backstay::ApiClient api, int& status) {
    const auto answer = co_await api.get<void>("/nothing");
    if (!answer) {
        std::puts(to_string(answer.error()).c_str());
        const bool as_expected = answer.error().kind() == backstay::FailureKind::connect_failed &&
                                 answer.error().certainty() == backstay::Certainty::not_sent;
        status = as_expected ? 0 : 1;
    }
}

int main() {
    int status = 1;
    asio::io_context context;
    const backstay::ApiClient api{context.get_executor(),
                                  {.base_url = "https://127.0.0.1:1", .pipeline = backstay::single()}};
    asio::co_spawn(context, call(api, status), asio::detached);
    context.run();
    return status;
}
