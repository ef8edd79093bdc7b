#include "expectations.hpp"

#include "tally.hpp"

#include <backstay/core/description.hpp>

#include <algorithm>
#include <concepts>
#include <numeric>
#include <type_traits>

namespace demo {

namespace {

using backstay::Duration;
using backstay::to_text;

template <std::integral Number>
std::string text(Number number) {
    return std::to_string(number);
}
std::string text(std::string_view words) {
    return std::string(words);
}
std::string text(std::optional<backstay::CircuitState> state) {
    return state ? std::string(to_string(*state)) : "not shown";
}
template <class Enum>
    requires std::is_enum_v<Enum>
std::string text(Enum value) {
    return std::string(to_string(value));
}

std::string attempts_of(const Result& result) {
    std::string list;
    for (const backstay::Attempt& attempt : result.attempts) {
        list.append(list.empty() ? "" : " ");
        list.append(attempt.status != 0 ? text(attempt.status) : text(attempt.kind));
    }
    return list.empty() ? "none" : list;
}

class Comparison {
public:
    Comparison(const Expectation& expected, const Observed& observed)
        : expected_(expected), observed_(observed) {}

    std::vector<std::string> made() {
        same("callers", expected_.callers, observed_.results.size());
        compare_results();
        compare_server();
        same("circuit", expected_.circuit, observed_.circuit);
        return std::move(differences_);
    }

private:
    template <class Value>
    void same(std::string_view what, const Value& expected, const Value& found) {
        if (!(expected == found)) {
            differences_.push_back(text(what) + ": expected " + text(expected) + ", found " + text(found));
        }
    }
    void hold(bool holds, const std::string& what, Duration limit, Duration found) {
        if (!holds) {
            differences_.push_back(what + " " + to_text(limit) + ", found " + to_text(found));
        }
    }

    /// Writes one thing of each result, counted, whoever's it was.
    template <class Get>
    [[nodiscard]] std::string all(Get get) const {
        std::vector<std::string> things;
        for (const Result& result : observed_.results) {
            things.push_back(get(result));
        }
        std::sort(things.begin(), things.end());
        return tally(things);
    }
    [[nodiscard]] std::string each(std::string_view thing) const {
        return tally(expected_.callers, text(thing));
    }

    void compare_results() {
        same("outcome", each(expected_.outcome), all([](const Result& one) { return one.outcome(); }));
        same("attempts", expected_.attempts.empty() ? each(expected_.name) : text(expected_.attempts),
             all(attempts_of));
        if (!expected_.data.empty()) {
            same("data", each(expected_.data), all([](const Result& one) { return one.data; }));
        }
        std::vector<std::string> stops;
        std::vector<std::string> certainties;
        Duration shortest = Duration::max();
        for (const Result& result : observed_.results) {
            shortest = std::min(shortest, result.waited());
            if (result.error) {
                stops.push_back(text(result.error->stop_reason()));
                certainties.push_back(text(result.error->certainty()));
            }
        }
        if (!stops.empty()) {
            same("why it stopped", tally(stops.size(), text(expected_.stop)), tally(stops));
            same("certainty", tally(stops.size(), text(expected_.certainty)), tally(certainties));
        }
        hold(shortest >= expected_.waited_at_least, "waits: expected at least", expected_.waited_at_least,
             shortest);
    }

    void compare_server() {
        const std::size_t attempts =
            std::accumulate(observed_.results.begin(), observed_.results.end(), std::size_t{0},
                            [](std::size_t sum, const Result& one) { return sum + one.attempts.size(); });
        same("requests at the server", attempts + expected_.requests_besides, observed_.server.size());
        same("effects at the server", expected_.effects, observed_.effects);
        if (!expected_.server.empty()) {
            same("the server", text(expected_.server), tally(observed_.server));
        }
        const Arrivals came = observed_.arrivals.value_or(Arrivals());
        if (expected_.not_before) {
            hold(came.first >= *expected_.not_before, "first request: expected not before",
                 *expected_.not_before, came.first);
        }
        if (expected_.before) {
            hold(came.last < *expected_.before, "last request: expected before", *expected_.before,
                 came.last);
        }
    }

    const Expectation& expected_;
    const Observed& observed_;
    std::vector<std::string> differences_;
};

} // namespace

std::vector<std::string> differences(const Observed& observed) {
    const auto all = expectations();
    const auto expected = std::find_if(all.begin(), all.end(),
                                       [&](const Expectation& one) { return one.name == observed.name; });
    if (expected == all.end()) {
        return {"nothing is expected of a call named '" + observed.name + "'"};
    }
    return Comparison(*expected, observed).made();
}

std::size_t expected_calls() noexcept {
    const auto all = expectations();
    return std::accumulate(all.begin(), all.end(), std::size_t{0},
                           [](std::size_t sum, const Expectation& one) { return sum + one.callers; });
}

} // namespace demo
