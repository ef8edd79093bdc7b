#include <backstay/core/expected.hpp>
#include <backstay/pipeline/pipeline.hpp>
#include <backstay/pipeline/virtual_runtime.hpp>
#include <backstay/policy/retry.hpp>
#include <backstay/policy/total_timeout.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>

using Outcome = backstay::expected<int, backstay::Failure>;

// Fails twice, then answers.
struct Operation {
    int attempts = 0;

    asio::awaitable<Outcome> operator()(backstay::CallContext&) {
        if (++attempts < 3) {
            co_return backstay::fail(backstay::Failure{.kind = backstay::FailureKind::service_unavailable,
                                                       .reach = backstay::Reach::answered});
        }
        co_return attempts;
    }
};

int main() {
    backstay::VirtualRuntime runtime;
    asio::io_context context;
    const backstay::Pipeline pipeline{backstay::TotalTimeout{}, backstay::Retry{}};

    Outcome outcome = 0;
    asio::co_spawn(context, pipeline.run(runtime, backstay::CallSettings{}, Operation{}),
                   [&](std::exception_ptr, Outcome result) { outcome = result; });
    runtime.run(context);

    std::printf("answered at attempt %d\n", outcome.value_or(0));
    return outcome == 3 ? 0 : 1;
}
