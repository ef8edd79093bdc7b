#include <backstay/testing/event_recorder.hpp>

#include <backstay/core/description.hpp>

#include <algorithm>
#include <iterator>

namespace backstay::inline BACKSTAY_ABI {

namespace {

std::string line_of(const Event& event) {
    std::string line(to_string(event.type));
    if (event.attempt != 0) {
        line.append(" #").append(std::to_string(event.attempt));
    }
    const auto add = [&line](std::string_view word) { line.append(" ").append(word); };
    if (event.kind != FailureKind::none) {
        add(to_string(event.kind));
    }
    if (event.status != 0) {
        add(std::to_string(event.status));
    }
    if (event.stop_reason != StopReason::none) {
        add(to_string(event.stop_reason));
    }
    if (event.refused_by != RefusedBy::none) {
        line.append(" by ").append(to_string(event.refused_by));
    }
    if (event.type == EventType::retry_scheduled || event.type == EventType::cooled_down) {
        line.append(event.type == EventType::retry_scheduled ? " after " : " for ")
            .append(to_text(event.delay));
    }
    if (event.dry_run) {
        add("dry run");
    }
    return line;
}

} // namespace

std::vector<Event> EventRecorder::events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

std::vector<Event> EventRecorder::events(EventType type) const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> found;
    std::copy_if(events_.begin(), events_.end(), std::back_inserter(found),
                 [type](const Event& event) { return event.type == type; });
    return found;
}

std::size_t EventRecorder::count(EventType type) const {
    return events(type).size();
}

std::optional<Event> EventRecorder::last(EventType type) const {
    const std::vector<Event> found = events(type);
    return found.empty() ? std::nullopt : std::optional(found.back());
}

void EventRecorder::clear() {
    const std::lock_guard lock(mutex_);
    events_.clear(); // the texts stay: events that were given out view them
}

std::string EventRecorder::trace() const {
    std::string text;
    for (const Event& event : events()) {
        text.append(line_of(event)).append("\n");
    }
    return text;
}

void EventRecorder::on_event(const Event& event) {
    const std::lock_guard lock(mutex_);
    Event kept = event;
    for (std::string_view Event::* const text :
         {&Event::origin, &Event::operation, &Event::remote, &Event::request_id, &Event::trace_id,
          &Event::detail, &Event::message}) {
        kept.*text = keep(event.*text);
    }
    events_.push_back(kept);
}

std::string_view EventRecorder::keep(std::string_view text) {
    return text.empty() ? std::string_view{} : std::string_view(texts_.emplace_back(text));
}

} // namespace backstay::inline BACKSTAY_ABI
