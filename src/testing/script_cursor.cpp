#include <backstay/testing/detail/script_cursor.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

void check_times(int times, const std::string& where) {
    if (times < 1) {
        throw std::invalid_argument("fault script: " + where + ".times is " + std::to_string(times) +
                                    ", it must be 1 or more");
    }
}

} // namespace

bool path_matches(std::string_view pattern, std::string_view path) noexcept {
    for (;;) {
        if (pattern == "**") {
            return true;
        }
        const std::size_t wanted = pattern.find('/');
        const std::size_t found = path.find('/');
        const std::string_view segment = path.substr(0, found);
        if (pattern.substr(0, wanted) != segment && (pattern.substr(0, wanted) != "*" || segment.empty())) {
            return false;
        }
        if (wanted == std::string_view::npos || found == std::string_view::npos) {
            return wanted == found;
        }
        pattern.remove_prefix(wanted + 1);
        path.remove_prefix(found + 1);
    }
}

ScriptCursor::ScriptCursor(FaultScript script) : script_(std::move(script)), places_(script_.routes.size()) {
    for (std::size_t index = 0; index < script_.connections.size(); ++index) {
        check_times(script_.connections[index].times, "connections[" + std::to_string(index) + "]");
    }
    for (std::size_t route = 0; route < script_.routes.size(); ++route) {
        const std::vector<FaultStep>& steps = script_.routes[route].steps;
        for (std::size_t step = 0; step < steps.size(); ++step) {
            const std::string where =
                "routes[" + std::to_string(route) + "].steps[" + std::to_string(step) + "]";
            check_times(steps[step].times, where);
            if (steps[step].reply && steps[step].raw) {
                throw std::invalid_argument("fault script: " + where +
                                            " has both a reply and raw bytes: choose one");
            }
        }
    }
}

std::optional<FaultStep> ScriptCursor::next(std::string_view method, std::string_view path) {
    const auto route =
        std::find_if(script_.routes.begin(), script_.routes.end(), [method, path](const FaultRoute& one) {
            return (one.method == "*" || one.method == method) && path_matches(one.path, path);
        });
    if (route == script_.routes.end() || route->steps.empty()) {
        return std::nullopt;
    }
    Place& place = places_[static_cast<std::size_t>(route - script_.routes.begin())];
    if (place.step == route->steps.size()) {
        switch (route->then) {
        case FaultRoute::Then::api:
            return std::nullopt;
        case FaultRoute::Then::last:
            return route->steps.back();
        case FaultRoute::Then::repeat:
            place = {};
        }
    }
    const FaultStep& step = route->steps[place.step];
    if (++place.played == step.times) {
        place = {.step = place.step + 1};
    }
    return step;
}

ConnectionFault ScriptCursor::next_connection() {
    if (connection_.step == script_.connections.size()) {
        return ConnectionFault::serve;
    }
    const ConnectionStep& step = script_.connections[connection_.step];
    if (++connection_.played == step.times) {
        connection_ = {.step = connection_.step + 1};
    }
    return step.fault;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
