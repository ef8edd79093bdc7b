#pragma once

#include <backstay/api/decode.hpp>
#include <backstay/api/registry_json.hpp>
#include <backstay/pipeline/registry.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <optional>
#include <string>

enum class Action { isolate, close, clear, switch_off_retries, switch_on_retries };
BOOST_DESCRIBE_ENUM(Action, isolate, close, clear, switch_off_retries, switch_on_retries)

/// What an on-call engineer may do to a registry, as one JSON document:
/// `{"action":"isolate","name":"orders/circuit_breaker","seconds":60}`.
struct Command {
    Action action = Action::isolate;
    std::string name;
    std::optional<double> seconds; ///< until it ends by itself; without: until it is undone
};
BOOST_DESCRIBE_STRUCT(Command, (), (action, name, seconds))

struct Answer {
    int status = 200;
    std::string json;
};

inline Answer answer(int status, std::string_view error) {
    return {status, serialize(boost::json::value{{"error", error}})};
}

inline bool apply(backstay::Registry& registry, const Command& command, backstay::TimePoint until) {
    switch (command.action) {
    case Action::isolate:
        return registry.isolate(command.name, until);
    case Action::close:
        return registry.close(command.name);
    case Action::clear:
        return registry.clear(command.name);
    case Action::switch_off_retries:
        return registry.switch_off_retries(command.name, until);
    case Action::switch_on_retries:
        return registry.switch_on_retries(command.name);
    }
    return false;
}

/// Shows the registry, or does what `body` says and shows it then.
inline Answer serve(backstay::Registry& registry, std::string_view method, std::string_view body) {
    const backstay::TimePoint now = backstay::Clock::now();
    if (method == "POST") {
        boost::system::error_code fault;
        const auto document = boost::json::parse(body, fault);
        if (fault) {
            return answer(400, "the body is no JSON: " + fault.message());
        }
        const auto command = backstay::decode<Command>(document);
        if (!command) {
            return answer(400, command.error());
        }
        constexpr double most = 24 * 3600.0;
        if (command->seconds && !(*command->seconds > 0 && *command->seconds <= most)) {
            return answer(400, "seconds: more than 0 and at most 86400");
        }
        const auto until = command->seconds ? now + std::chrono::duration_cast<backstay::Duration>(
                                                        std::chrono::duration<double>(*command->seconds))
                                            : backstay::end_of_time;
        if (!apply(registry, *command, until)) {
            return answer(404, "nothing of that name knows this action: " + command->name);
        }
    } else if (method != "GET") {
        return answer(405, "GET shows the policies, POST changes one");
    }
    return {200, serialize(to_json(registry.snapshot(now)))};
}
