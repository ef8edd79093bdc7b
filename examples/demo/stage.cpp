#include "stage.hpp"

#include "expectations.hpp"
#include "table.hpp"

#include <backstay/core/time.hpp>

#include <utility>

namespace demo {

using namespace backstay;

ApiClient Stage::client(ResponsePipeline pipeline, std::string token) const {
    ApiClientOptions options;
    options.base_url = sandbox_.url() + "/v1";
    options.pipeline = std::move(pipeline);
    options.https.tls.ca_pem = sandbox_.ca_pem();
    options.bearer = std::move(token);
    options.guide = agentsync_guide();
    return ApiClient{executor_, std::move(options)};
}

asio::awaitable<Answer> Stage::show(std::string name, std::string call, asio::awaitable<Answer> made,
                                    std::optional<CircuitBreaker> circuit) {
    const std::size_t requests_before = sandbox_.requests().size();
    const std::size_t effects_before = sandbox_.effects().size();
    Answer answer = co_await std::move(made);

    Observed observed{.name = std::move(name), .call = std::move(call)};
    if (answer) {
        observed.status = answer->status;
        observed.attempts = answer->attempts;
    } else {
        observed.error = answer.error();
        observed.attempts = answer.error().attempts();
    }
    if (circuit) {
        observed.circuit = circuit->snapshot(Clock::now()).state;
    }
    look_at_the_server(observed, requests_before, effects_before);
    const auto wrong = differences(observed);
    print_row(observed, wrong);
    ++calls_;
    as_expected_ += wrong.empty() ? 1 : 0;
    co_return answer;
}

void Stage::look_at_the_server(Observed& observed, std::size_t requests_before,
                               std::size_t effects_before) const {
    const auto seen = sandbox_.requests();
    for (std::size_t i = requests_before; i < seen.size(); ++i) {
        const std::string did = seen[i].fault.empty() ? std::to_string(seen[i].status) : seen[i].fault;
        observed.server.append(observed.server.empty() ? "" : ", ").append(did);
    }
    observed.requests = seen.size() - requests_before;
    observed.effects = sandbox_.effects().size() - effects_before;
}

} // namespace demo
