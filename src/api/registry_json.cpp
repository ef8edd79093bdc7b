#include <backstay/api/registry_json.hpp>

#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void add(boost::json::object& to, const StateField& field) {
    std::visit(
        [&](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Duration>) {
                to.emplace(field.name + "_s", std::chrono::duration<double>(value).count());
            } else {
                to.emplace(field.name, value);
            }
        },
        field.value);
}

boost::json::object to_object(const KeyedState& state) {
    boost::json::object made;
    made.emplace("key", state.key.empty() ? boost::json::value() : boost::json::value(state.key));
    for (const StateField& field : state.fields) {
        add(made, field);
    }
    return made;
}

boost::json::object to_object(const RegistryItem& item) {
    boost::json::object made{{"name", item.name}, {"kind", item.kind}};
    if (item.kind == "pipeline") {
        made.emplace("description", item.description);
        return made;
    }
    boost::json::array states;
    for (const KeyedState& state : item.states) {
        states.push_back(to_object(state));
    }
    made.emplace("states", std::move(states));
    return made;
}

} // namespace

boost::json::value to_json(const std::vector<RegistryItem>& items) {
    boost::json::array made;
    for (const RegistryItem& item : items) {
        made.push_back(to_object(item));
    }
    return made;
}

} // namespace backstay::inline BACKSTAY_ABI
