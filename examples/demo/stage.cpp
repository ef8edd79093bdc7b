#include "stage.hpp"

#include "expectations.hpp"
#include "table.hpp"
#include "together.hpp"

#include <backstay/core/time.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace demo {

using namespace backstay;

namespace {

const std::string base_path = "/v1";
const std::string caller_field = "X-Caller";

Result result_of(const Answer& answer) {
    if (!answer) {
        return {.attempts = answer.error().attempts(), .error = answer.error()};
    }
    return {.attempts = answer->attempts,
            .status = answer->status,
            .is_fallback = answer->is_fallback,
            .data = boost::json::serialize(answer->data)};
}

bool is_from(const SeenRequest& request, const std::string& caller) {
    const std::string* const name = request.fields.find(caller_field);
    return caller.empty() || (name != nullptr && *name == caller);
}

} // namespace

ApiClient Stage::client(ResponsePipeline pipeline, BearerToken bearer, const std::string& caller) const {
    ApiClientOptions options;
    options.base_url = sandbox_.url() + base_path;
    options.pipeline = std::move(pipeline);
    options.https.tls.ca_pem = sandbox_.ca_pem();
    options.bearer = std::move(bearer);
    options.guide = agentsync_guide();
    if (!caller.empty()) {
        options.credential = caller;
        options.headers.add(caller_field, caller);
    }
    return ApiClient{executor_, std::move(options)};
}

asio::awaitable<Answer> Stage::show(std::string name, std::string call, asio::awaitable<Answer> made,
                                    std::optional<CircuitBreaker> circuit) {
    std::vector<Line> lines(1);
    lines[0].name = std::move(name);
    lines[0].call = std::move(call);
    lines[0].made.push_back(std::move(made));
    lines[0].circuit = std::move(circuit);
    std::vector<Answer> answers = co_await show(std::move(lines));
    co_return std::move(answers.front());
}

asio::awaitable<std::vector<Answer>> Stage::show(std::vector<Line> lines) {
    const std::size_t requests_before = sandbox_.requests().size();
    const std::size_t effects_before = sandbox_.effects().size();
    std::vector<asio::awaitable<Answer>> calls;
    std::vector<std::size_t> sizes;
    for (Line& line : lines) {
        sizes.push_back(line.made.size());
        std::move(line.made.begin(), line.made.end(), std::back_inserter(calls));
    }
    std::vector<Answer> answers = co_await together(std::move(calls));

    auto answer = answers.begin();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Line& line = lines[i];
        Observed observed{.name = line.name, .call = line.call};
        for (std::size_t caller = 0; caller < sizes[i]; ++caller, ++answer) {
            observed.results.push_back(result_of(*answer));
        }
        if (line.circuit) {
            observed.circuit = line.circuit->snapshot(Clock::now()).state;
        }
        observed.effects = sandbox_.effects().size() - effects_before;
        look_at_the_server(observed, line, requests_before);
        print(observed);
    }
    co_return answers;
}

void Stage::look_at_the_server(Observed& observed, const Line& line, std::size_t requests_before) const {
    const auto seen = sandbox_.requests();
    for (std::size_t i = requests_before; i < seen.size(); ++i) {
        const SeenRequest& request = seen[i];
        if (!is_from(request, line.caller)) {
            continue;
        }
        std::string did = request.fault.empty() ? std::to_string(request.status) : request.fault;
        if (base_path + line.beside == request.target) {
            did.insert(0, request.method + " " + line.beside + ": ");
        }
        observed.server.push_back(std::move(did));
        if (line.since) {
            const Duration came = request.at - line.since->at;
            observed.arrivals = observed.arrivals.value_or(
                Arrivals{.after = "the " + std::to_string(line.since->status), .first = came});
            observed.arrivals->last = came;
        }
    }
}

void Stage::print(const Observed& observed) {
    const auto wrong = differences(observed);
    print_row(observed, wrong);
    calls_ += observed.results.size();
    as_expected_ += wrong.empty() ? observed.results.size() : 0;
}

} // namespace demo
