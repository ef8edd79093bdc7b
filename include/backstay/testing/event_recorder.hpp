#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// Keeps what an observer is told, for tests: what a call did can then be asserted, step by step.
/// Thread safety: all members from any thread. Lifetime: the texts in the events it gives out are the
/// recorder's.
class BACKSTAY_EXPORT EventRecorder final : public Observer {
public:
    /// Records what is wanted; everything by default.
    explicit EventRecorder(EventSet wanted = EventSet::all()) noexcept : Observer(wanted) {}

    [[nodiscard]] std::vector<Event> events() const;
    [[nodiscard]] std::vector<Event> events(EventType type) const;
    [[nodiscard]] std::size_t count(EventType type) const;
    /// The latest of that type.
    [[nodiscard]] std::optional<Event> last(EventType type) const;
    void clear();

    /// Writes a line for each event, without times and texts that differ from run to run:
    /// `retry_scheduled #1 service_unavailable 503 after 2 s`.
    [[nodiscard]] std::string trace() const;

protected:
    void on_event(const Event& event) override;

private:
    std::string_view keep(std::string_view text);

    mutable std::mutex mutex_;
    std::deque<std::string> texts_; ///< that the events view
    std::vector<Event> events_;
};

} // namespace backstay::inline BACKSTAY_ABI
