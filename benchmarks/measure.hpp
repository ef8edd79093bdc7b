#pragma once

#include "counting_allocator.hpp"

#include <backstay/core/call_context.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>
#include <backstay/pipeline/pipeline.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace backstay::bench {

using R = expected<Response, TransportError>;

/// Where the measured calls go: what is kept for each origin is looked up as in real calls.
inline constexpr std::string_view origin = "https://api.example.com:443";

inline asio::awaitable<R> answer(CallContext& /*call*/) {
    co_return Response{};
}

/// The operation under the policies: it succeeds at once.
struct Answer {
    asio::awaitable<R> operator()(CallContext& call) const { return answer(call); }
};

inline void count_allocations(benchmark::State& state, std::uint64_t before) {
    state.counters["allocs_per_call"] =
        benchmark::Counter(static_cast<double>(allocations() - before), benchmark::Counter::kAvgIterations);
}

/// Runs `call()` once for each iteration, inside one coroutine.
template <class F>
asio::awaitable<void> iterate(benchmark::State& state, F& call) {
    for (int warm = 0; warm < 100; ++warm) { // Asio's frame cache, lazily made state
        benchmark::DoNotOptimize(co_await call());
    }
    const std::uint64_t before = allocations();
    for (auto _ : state) {
        benchmark::DoNotOptimize(co_await call());
    }
    count_allocations(state, before);
}

/// Runs a coroutine to its end, on this thread.
inline void run(asio::io_context& context, asio::awaitable<void> work) {
    asio::co_spawn(context, std::move(work), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    context.run();
}

/// Lists what `call()` costs, one call after another.
template <class F>
benchmark::internal::Benchmark* measure(const char* name, F call) {
    return benchmark::RegisterBenchmark(name, [call](benchmark::State& state) mutable {
        asio::io_context context{1};
        run(context, iterate(state, call));
    });
}

/// Lists what `ask(policy, call)` costs, which is all that a policy is asked in one call; no driver. From one
/// call to the next the time goes on by `step`.
template <class P, class Ask>
void measure_asked(const char* name, P policy, Duration step, Ask ask) {
    benchmark::RegisterBenchmark(
        (std::string("policy/") + name).c_str(), [policy, step, ask](benchmark::State& state) {
            P asked = policy.clone();
            Random random{1};
            CallContext call{.now = Clock::now(), .random = &random, .key = {.origin = origin}};
            for (int warm = 0; warm < 100; ++warm) { // lazily made state
                ask(asked, call);
            }
            const std::uint64_t before = allocations();
            for (auto _ : state) {
                call.now += step;
                call.attempt_began = call.now;
                call.deadline = Deadline{};
                ask(asked, call);
            }
            count_allocations(state, before);
        });
}

/// Asks a policy about a call that succeeds.
template <class P>
void ask_about_success(P& policy, CallContext& call) {
    typename P::Call mine;
    benchmark::DoNotOptimize(policy.admit(mine, call).answer);
    benchmark::DoNotOptimize(policy.settle(mine, call, nullptr).answer);
}

/// Lists what a policy costs a call that succeeds.
template <class P>
void measure_policy(const char* name, P policy) {
    measure_asked(name, std::move(policy), std::chrono::microseconds{1}, ask_about_success<P>);
}

/// Lists what it costs to be refused, once enough calls have come to `failure`. The time stands still, or the
/// refusing would end.
template <class P>
void measure_refusal(const char* name, const P& policy, const Failure& failure) {
    const auto ask = [failure](P& asked, CallContext& call) {
        typename P::Call mine;
        call.deadline.at = call.now + std::chrono::seconds{1}; // too soon to wait for better times
        Admission admission = asked.admit(mine, call);
        benchmark::DoNotOptimize(admission.answer);
        if (admission.answer == Admission::Answer::proceed) {
            asked.settle(mine, call, &failure);
        }
    };
    measure_asked(name, policy, Duration::zero(), ask);
}

} // namespace backstay::bench
