#pragma once

#include "http/reply_limits.hpp"

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Reads the raw bytes of heads and trailer sections before the parser sees them, line by line. Refuses at
/// the first wrong byte, counts against the limits, and unfolds: a folded line (obs-fold) comes out as one
/// line. Source: RFC 9112 sections 2.2, 4, 5.1, 5.2; RFC 9110 section 5.5.
class BACKSTAY_EXPORT HeadScanner {
public:
    enum class Step : std::uint8_t { need_more, done, failed };

    explicit HeadScanner(const ReplyLimits& limits) noexcept : limits_(limits) {}

    /// A status line comes next; the counts go on.
    void begin_head() noexcept;
    /// The fields behind the last chunk come next.
    void begin_trailers() noexcept;

    /// Takes bytes up to the section's end and appends to `clean` what the parser may see of them.
    Step scan(std::string_view bytes, std::size_t& consumed, std::string& clean);

    [[nodiscard]] const ReplyFault& fault() const noexcept { return fault_; }

private:
    enum class State : std::uint8_t {
        status_line,
        name,
        value,
        line_feed,  ///< the CR of a line came
        next_line,  ///< a whole line came; its CR LF is held back, for the next line may continue it
        fold,       ///< blanks at the start of a continuation
        first_line, ///< like `next_line`, but there is nothing to continue
        last_feed,  ///< the CR of the empty line came
    };

    Step take(char c, std::string& clean);
    Step begin_line(char c, std::string& clean);
    Step in_status_line(char c, std::string& clean);
    Step in_name(char c, std::string& clean);
    Step in_value(char c, std::string& clean);
    Step end_of_line() noexcept;
    Step fail(FailureKind kind, std::string message);
    Step malformed(std::string message);

    ReplyLimits limits_;
    State state_ = State::status_line;
    bool trailers_ = false;
    bool after_status_line_ = false; ///< the line that is ending is the status line
    std::size_t position_ = 0;       ///< in the status line
    std::size_t head_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::size_t fields_ = 0;
    std::string name_; ///< of the field that is being read
    ReplyFault fault_;
};

} // namespace backstay::inline BACKSTAY_ABI
