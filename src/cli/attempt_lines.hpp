#pragma once

#include <backstay/core/event.hpp>

#include <ostream>
#include <string>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Tells a person of one call's attempts as they happen, a line each:
/// `503, waiting 1.0 s as the server asked, attempt 2 of 3`.
/// Lifetime: outlives the call. Thread safety: none; one call, one executor.
class AttemptLines final : public Observer {
public:
    struct Look {
        std::string prefix{};  ///< before each line; tells calls apart
        int most_attempts = 0; ///< 0: without limit
        bool verbose = false;  ///< also what the circuit does
    };

    AttemptLines(std::ostream& out, Look look) : out_(out), look_(std::move(look)) {}

    /// Tells what the last attempt came to, and why no other followed. `status` is the call's: an event of a
    /// success holds none.
    void call_ended(int status, StopReason reason, RefusedBy by);

protected:
    void on_event(const Event& event) override;

private:
    void repeat_follows(const Event& event);
    void line(const std::string& text);
    [[nodiscard]] std::string attempt_words(int number) const;

    std::ostream& out_;
    Look look_;
    bool attempted_ = false;
    Event untold_; ///< the end of the last attempt; numbered 0 when a repeat has told of it
};

} // namespace backstay::inline BACKSTAY_ABI::cli
