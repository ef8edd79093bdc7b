#pragma once

#include <backstay/api/attempt.hpp>
#include <backstay/api/certainty.hpp>
#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/http/response.hpp>
#include <backstay/http/transport_error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// What a call's attempts were: the first 15 and the last 15 of them, all of them counted.
/// Cost: the latest attempt is held as a handle to its outcome, so a call that succeeds at once allocates
/// nothing here.
class History {
public:
    static constexpr std::size_t kept_at_each_end = 15;

    /// The outcome of one attempt, as the operation saw it.
    struct Outcome {
        int number = 0;
        Duration waited{0};
        Duration duration{0};
        Failure failure{}; ///< of kind `none` for a success
        expected<Response, TransportError> result{};
        std::string request_id{}; ///< from the body; empty: the reply's header is read

        /// 0 when no reply came.
        [[nodiscard]] int status() const noexcept { return result ? result->status() : 0; }
        /// From the body, else from the reply's header. Lifetime: this outcome's.
        [[nodiscard]] BACKSTAY_EXPORT std::string_view known_request_id() const noexcept;
        /// How it was carried; null when a policy or a fault here kept it from being sent.
        [[nodiscard]] BACKSTAY_EXPORT const ExchangeInfo* exchange() const noexcept;
    };

    /// `read_only`: see `CertaintyFold`.
    explicit History(bool read_only = false) noexcept : certainty_(read_only) {}

    /// Adds the next attempt. When memory runs out, the attempt is counted but its line is lost.
    BACKSTAY_EXPORT void add(Outcome outcome) noexcept;

    /// The latest attempt; null before the first has ended.
    [[nodiscard]] const Outcome* latest() const noexcept { return latest_ ? &*latest_ : nullptr; }

    /// Counts the attempts, those no longer kept included.
    [[nodiscard]] int total() const noexcept { return total_; }

    /// Writes the kept attempts in order; a gap in their numbers is what was dropped.
    [[nodiscard]] BACKSTAY_EXPORT std::vector<Attempt> attempts() const;

    /// What is known of the call's effect, see `CertaintyFold`.
    [[nodiscard]] Certainty certainty() const noexcept { return certainty_.value(); }

private:
    std::vector<Attempt> first_;
    std::vector<Attempt> last_; ///< a ring once it is full
    std::size_t oldest_ = 0;    ///< in `last_`
    std::optional<Outcome> latest_;
    CertaintyFold certainty_;
    int total_ = 0;

    void keep(Attempt attempt);
};

/// Reads the id by which a server knows a request: `X-Request-Id`, else `Request-Id`, the first kilobyte of
/// it; empty when absent.
[[nodiscard]] BACKSTAY_EXPORT std::string_view request_id_of(const Fields& fields) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
