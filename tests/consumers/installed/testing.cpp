#include <backstay/api/api_client.hpp>
#include <backstay/pipeline/virtual_runtime.hpp>
#include <backstay/testing/scripted_transport.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <memory>

// A user's own test of a retry: hours of waiting in no time.
asio::awaitable<void> call(backstay::ApiClient api, int& status) {
    const auto answer = co_await api.get<backstay::Response>("/report");
    status = answer && answer->status() == 200 ? 0 : 1;
}

int main() {
    backstay::VirtualRuntime runtime;
    asio::io_context context;
    const auto transport = std::make_shared<backstay::ScriptedTransport>(runtime);
    transport->reply(503, R"({"error":"service_unavailable","retry_after":300})").reply(200, "{}");
    const backstay::ApiClient api{context.get_executor(),
                                  {.base_url = "https://api.test/v1",
                                   .pipeline = backstay::patient(),
                                   .transport = transport,
                                   .runtime = &runtime}};
    int status = 1;
    const auto began = runtime.now();
    asio::co_spawn(context, call(api, status), asio::detached);
    runtime.run(context);
    const bool waited = runtime.now() - began >= std::chrono::seconds{300};
    std::printf("%zu requests\n", transport->seen().size());
    return status == 0 && waited && transport->seen().size() == 2 ? 0 : 1;
}
