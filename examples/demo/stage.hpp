#pragma once

#include "observed.hpp"

#include <backstay/api/api_client.hpp>
#include <backstay/testing/sandbox.hpp>

#include <boost/json/value.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// What the demo asks of each call: the data as JSON, and what came with it.
using JsonReply = backstay::Reply<boost::json::value>;
using Answer = backstay::ApiResult<JsonReply>;

/// A call, or several alike that are made at once: a line of the table.
struct Line {
    std::string name{}; ///< by which `expectations.cpp` knows it
    std::string call{};
    std::vector<asio::awaitable<Answer>> made{};
    std::string caller{}; ///< the requests of this client are the line's; empty: all that come meanwhile
    std::string beside{}; ///< a path whose requests are none of these calls' own
    std::optional<backstay::SeenRequest> since{};      ///< arrivals are shown, counted from this one
    std::optional<backstay::CircuitBreaker> circuit{}; ///< shown as it is afterwards
};

/// Where the calls are made: watches both ends of each, and shows them in the table.
class Stage {
public:
    Stage(asio::any_io_executor executor, backstay::Sandbox& sandbox)
        : executor_(std::move(executor)), sandbox_(sandbox) {}

    /// Makes a client of its own, with fresh connections and policies. `caller` names it to the server and,
    /// as its credential, to the policies.
    [[nodiscard]] backstay::ApiClient client(backstay::ResponsePipeline pipeline,
                                             backstay::BearerToken bearer = "demo-token",
                                             const std::string& caller = "") const;
    [[nodiscard]] backstay::Sandbox& sandbox() const noexcept { return sandbox_; }

    /// Makes the call; `circuit` is shown as it is afterwards.
    [[nodiscard]] asio::awaitable<Answer>
    show(std::string name, std::string call, asio::awaitable<Answer> made,
         std::optional<backstay::CircuitBreaker> circuit = std::nullopt);
    /// Makes all calls of all lines at once.
    [[nodiscard]] asio::awaitable<std::vector<Answer>> show(std::vector<Line> lines);

    [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
    /// Of them. Calls that are made at once are as expected together or not at all.
    [[nodiscard]] std::size_t as_expected() const noexcept { return as_expected_; }

private:
    void look_at_the_server(Observed& observed, const Line& line, std::size_t requests_before) const;
    void print(const Observed& observed);

    asio::any_io_executor executor_;
    backstay::Sandbox& sandbox_;
    std::size_t calls_ = 0;
    std::size_t as_expected_ = 0;
};

} // namespace demo
