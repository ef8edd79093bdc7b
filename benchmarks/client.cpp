#include "measure.hpp"
#include "rows.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/api/bearer_token.hpp>
#include <backstay/api/idempotency_key.hpp>
#include <backstay/http/chaos_transport.hpp>
#include <backstay/http/single_flight_transport.hpp>
#include <backstay/http/transport.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/pipeline/fallback.hpp>

#include <memory>

// What stands around the pipeline and beneath it, over a transport that answers at once. The calls of a whole
// client take memory: a request has to be built, and the reply, its history kept.

namespace backstay::bench {

namespace {

/// Answers at once.
class Echo final : public Transport {
public:
    asio::awaitable<R> send(const Request& /*request*/, CallContext& call) override { return answer(call); }
};

struct Exchange {
    Request request{"GET", Url::parse("https://api.example.com/orders/1").value()};
    Random random{1};
    CallContext call{.random = &random, .key = {.origin = origin}};
};

void measure_transport(const char* name, std::shared_ptr<Transport> transport) {
    measure(name, [transport = std::move(transport), exchange = std::make_shared<Exchange>()] {
        return transport->send(exchange->request, exchange->call);
    });
}

asio::awaitable<expected<Token, ApiError>> fetch_token() {
    co_return Token{.value = "t0ken"};
}

/// Lists the whole call of a client.
void measure_client(const char* name, const BearerToken& bearer) {
    benchmark::RegisterBenchmark(name, [bearer](benchmark::State& state) {
        asio::io_context context{1};
        const ApiClient api{context.get_executor(),
                            {.base_url = "https://api.example.com/v1",
                             .transport = std::make_shared<Echo>(),
                             .bearer = bearer}};
        const auto get = [&api] { return api.get<Response>("/orders/1"); };
        run(context, iterate(state, get));
    });
}

void make_key(benchmark::State& state) {
    const std::uint64_t before = allocations();
    for (auto _ : state) {
        benchmark::DoNotOptimize(random_uuid());
    }
    count_allocations(state, before);
}

} // namespace

void add_client() {
    measure("fallback_unused", [fallback = Fallback{Response{}}, context = CallContext{}]() mutable {
        return fallback(answer(context));
    });
    const auto echo = std::make_shared<Echo>();
    measure_transport("transport/bare", echo);
    measure_transport("transport/chaos", std::make_shared<ChaosTransport>(
                                             echo, asio_runtime(),
                                             ChaosTransportOptions{.drop_before_ratio = 1e-9,
                                                                   .acknowledge_production_risk = true}));
    measure_transport("transport/single_flight",
                      std::make_shared<SingleFlightTransport>(echo, asio_runtime()));
    measure_client("client/fixed_token", "t0ken");
    measure_client("client/fetched_token", fetch_token);
    benchmark::RegisterBenchmark("client/idempotency_key", make_key);
}

} // namespace backstay::bench
