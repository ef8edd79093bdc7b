#pragma once

#include <backstay/core/event.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::test {

/// Keeps the events that it wants, with their texts.
class EventRecorder final : public Observer {
public:
    using Observer::Observer;

    std::vector<Event> events;

    [[nodiscard]] std::vector<Event> of(EventType type) const {
        std::vector<Event> found;
        for (const Event& event : events) {
            if (event.type == type) {
                found.push_back(event);
            }
        }
        return found;
    }

    /// All texts of all events.
    [[nodiscard]] const std::deque<std::string>& texts() const noexcept { return texts_; }

protected:
    void on_event(const Event& event) override {
        Event& kept = events.emplace_back(event);
        for (std::string_view* text : {&kept.origin, &kept.operation, &kept.remote, &kept.request_id,
                                       &kept.trace_id, &kept.detail, &kept.message}) {
            *text = texts_.emplace_back(*text); // a deque: what is in it does not move
        }
    }

private:
    std::deque<std::string> texts_;
};

} // namespace backstay::test
