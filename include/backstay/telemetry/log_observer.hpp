#pragma once

#include <backstay/core/classifier.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

enum class LogLevel : std::uint8_t {
    info,  ///< a call that was cancelled or came after the client's end; a circuit that half-opens or closes
    warn,  ///< a call that the server answered with a 3xx or 4xx, or that was refused here; a circuit opens
    error, ///< every other call that failed
};

[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(LogLevel level) noexcept;

struct LogOptions {
    /// Takes one line without its end, from any thread and by several at once. Empty: standard error.
    std::function<void(std::string_view line)> sink{};
    LogLevel least = LogLevel::info; ///< less is not written
    double lines_per_second = 10;    ///< for failed calls, and so many at once; 0: no limit
    /// Tells the retries that the budget of this call's key would allow now; empty, nullopt or an exception:
    /// not known.
    std::function<std::optional<double>(const Event& event)> budget_left{};
    Classifier classifier{};       ///< which failures are counted for the line of a circuit
    std::size_t max_origins = 100; ///< for which they are counted
};

/// Writes a line for each call that failed, and one for each circuit that changed its state, in logfmt:
///
///     level=error event=call_failed operation="get order" origin=https://api.test:443 address=192.0.2.1:443
///     kind=service_unavailable status=503 certainty=refused attempts=2 tried="#1 503 service_unavailable
///     ..."
///
/// (docs/telemetry.md has the fields). No value can end the line or inject a field, whatever a server wrote.
/// `message` says what was wrong with a call or with the body of its reply, in the library's words. Header
/// and query values, tokens and idempotency keys are not in what it is told, and bodies are not either.
/// Errors: what the sink throws is swallowed and counted, see `dropped`; construction throws
/// `std::invalid_argument` for an option that is out of range. Thread safety: as an observer's; the sink is
/// called outside any lock. Cost: nothing for a call that succeeds but the records of its attempts.
class BACKSTAY_EXPORT LogObserver final : public Observer {
public:
    explicit LogObserver(LogOptions options = LogOptions());
    ~LogObserver() override;

    /// Counts the failed calls for which no line was written because of `lines_per_second`.
    [[nodiscard]] std::uint64_t suppressed() const noexcept;

protected:
    void on_event(const Event& event) override;

private:
    struct State;
    void call_failed(const Event& event);
    void circuit_changed(const Event& event);
    [[nodiscard]] std::optional<double> budget_left(const Event& event) const noexcept;
    void write(std::string_view line) const;

    std::unique_ptr<State> state_;
};

} // namespace backstay::inline BACKSTAY_ABI
