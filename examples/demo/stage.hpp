#pragma once

#include "observed.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/testing/sandbox.hpp>

#include <boost/json/value.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <optional>
#include <string>

namespace demo {

/// What the demo asks of each call: the data as JSON, and what came with it.
using Answer = backstay::ApiResult<backstay::Reply<boost::json::value>>;

/// Where the calls are made: watches both ends of each, and shows it as a line of the table.
class Stage {
public:
    Stage(asio::any_io_executor executor, backstay::Sandbox& sandbox)
        : executor_(std::move(executor)), sandbox_(sandbox) {}

    /// Makes a client of its own, with fresh connections and policies.
    [[nodiscard]] backstay::ApiClient client(backstay::ResponsePipeline pipeline,
                                             std::string token = "demo-token") const;

    /// Makes the call; `circuit` is shown as it is afterwards.
    [[nodiscard]] asio::awaitable<Answer>
    show(std::string name, std::string call, asio::awaitable<Answer> made,
         std::optional<backstay::CircuitBreaker> circuit = std::nullopt);

    [[nodiscard]] int calls() const noexcept { return calls_; }
    [[nodiscard]] int as_expected() const noexcept { return as_expected_; }

private:
    void look_at_the_server(Observed& observed, std::size_t requests_before,
                            std::size_t effects_before) const;

    asio::any_io_executor executor_;
    backstay::Sandbox& sandbox_;
    int calls_ = 0;
    int as_expected_ = 0;
};

} // namespace demo
