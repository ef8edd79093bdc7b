#pragma once

#include "http/field_syntax.hpp"

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI {

/// Judges the raw bytes of chunk-size lines (RFC 9112 section 7.1): one to sixteen digits, perhaps an
/// extension, CR LF. Sixteen digits bound what a server can send as leading zeros, extensions what it can
/// send beside the data.
class ChunkLine {
public:
    enum class Step : std::uint8_t { need_more, done, malformed, extensions_too_long };

    explicit ChunkLine(std::size_t extension_bytes) noexcept : extension_bytes_left_(extension_bytes) {}

    /// Done at the end of a line; it goes on behind the data. What was used up of the extension bytes stays
    /// so.
    Step take(char c) noexcept {
        switch (state_) {
        case State::data_cr:
            state_ = State::data_lf;
            return c == '\r' ? Step::need_more : Step::malformed;
        case State::data_lf:
            state_ = State::size;
            return c == '\n' ? Step::need_more : Step::malformed;
        case State::size:
            if (hex_value(c) >= 0 && digits_ < 16) {
                ++digits_;
                return Step::need_more;
            }
            if (digits_ == 0 || (c != ';' && c != '\r')) {
                return Step::malformed;
            }
            state_ = State::extension;
            [[fallthrough]];
        case State::extension:
            if (c == '\r') {
                state_ = State::line_feed;
                return Step::need_more;
            }
            if (is_control(c)) {
                return Step::malformed;
            }
            if (extension_bytes_left_ == 0) {
                return Step::extensions_too_long;
            }
            --extension_bytes_left_;
            return Step::need_more;
        case State::line_feed:
            state_ = State::data_cr;
            digits_ = 0;
            return c == '\n' ? Step::done : Step::malformed;
        }
        return Step::malformed;
    }

    /// The byte last taken belongs to an extension, which a recipient skips.
    [[nodiscard]] bool in_extension() const noexcept { return state_ == State::extension; }

private:
    enum class State : std::uint8_t { data_cr, data_lf, size, extension, line_feed };

    State state_ = State::size;
    int digits_ = 0;
    std::size_t extension_bytes_left_;
};

} // namespace backstay::inline BACKSTAY_ABI
