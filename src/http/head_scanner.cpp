#include "http/head_scanner.hpp"

#include "http/body_framing.hpp"
#include "http/describe_byte.hpp"
#include "http/field_syntax.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// v: 0 or 1, D: 1 to 9, d: any digit. Behind it a blank and a reason, or nothing.
constexpr std::string_view status_line_start = "HTTP/1.v Ddd";

bool fits_status_line(std::size_t position, char c) noexcept {
    if (position > status_line_start.size()) {
        return true;
    }
    if (position == status_line_start.size()) {
        return c == ' ' || c == '\r';
    }
    switch (status_line_start[position]) {
    case 'v':
        return c == '0' || c == '1';
    case 'D':
        return c >= '1' && c <= '9';
    case 'd':
        return is_digit(c);
    default:
        return c == status_line_start[position];
    }
}

/// A name may be as long as the head: enough of it for a message.
std::string shown(const std::string& name) {
    return name.substr(0, 64);
}

} // namespace

void HeadScanner::begin_head() noexcept {
    state_ = State::status_line;
    position_ = 0;
}

void HeadScanner::begin_trailers() noexcept {
    state_ = State::first_line;
    trailers_ = true;
}

HeadScanner::Step HeadScanner::scan(std::string_view bytes, std::size_t& consumed, std::string& clean) {
    auto step = Step::need_more;
    for (consumed = 0; consumed < bytes.size() && step == Step::need_more; ++consumed) {
        step = take(bytes[consumed], clean);
    }
    return step;
}

HeadScanner::Step HeadScanner::take(char c, std::string& clean) {
    if (trailers_ ? ++trailer_bytes_ > limits_.trailer_bytes : ++head_bytes_ > limits_.head_bytes) {
        const auto limit = std::to_string(trailers_ ? limits_.trailer_bytes : limits_.head_bytes);
        return fail(FailureKind::head_too_large, std::string("the reply's ") +
                                                     (trailers_ ? "trailers have" : "head has") +
                                                     " more than " + limit + " bytes");
    }
    switch (state_) {
    case State::status_line:
        return in_status_line(c, clean);
    case State::name:
        return in_name(c, clean);
    case State::value:
        return in_value(c, clean);
    case State::line_feed:
        return c == '\n' ? end_of_line() : malformed("a bare CR in the reply's head");
    case State::fold:
        if (c == ' ' || c == '\t') {
            return Step::need_more;
        }
        state_ = State::value;
        return in_value(c, clean);
    case State::last_feed:
        if (c != '\n') {
            return malformed("a bare CR in the reply's head");
        }
        clean += c;
        return Step::done;
    case State::first_line:
    case State::next_line:
        break;
    }
    return begin_line(c, clean);
}

HeadScanner::Step HeadScanner::begin_line(char c, std::string& clean) {
    const bool may_continue = state_ == State::next_line;
    if (c == ' ' || c == '\t') {
        if (!may_continue) {
            return malformed("a folded line before the first field of the reply");
        }
        // readers that unfold these differently would not agree on where the reply ends
        if (is_framing_field(name_)) {
            return malformed("the reply's " + shown(name_) + " is folded");
        }
        clean += ' ';
        state_ = State::fold;
        return Step::need_more;
    }
    if (may_continue || after_status_line_) {
        clean += "\r\n";
        after_status_line_ = false;
    }
    if (c == '\r') {
        clean += c;
        state_ = State::last_feed;
        return Step::need_more;
    }
    if (++fields_ > limits_.fields) {
        return fail(FailureKind::head_too_large,
                    "the reply has more than " + std::to_string(limits_.fields) + " fields");
    }
    name_.clear();
    state_ = State::name;
    return in_name(c, clean);
}

HeadScanner::Step HeadScanner::in_status_line(char c, std::string& clean) {
    if (!fits_status_line(position_++, c)) {
        return malformed("this is no HTTP/1.1 reply: " + describe_byte(c) + " at position " +
                         std::to_string(position_) + " of the status line");
    }
    if (c == '\r') {
        after_status_line_ = true;
        state_ = State::line_feed;
        return Step::need_more;
    }
    if (is_control(c)) {
        return malformed(describe_byte(c) + " in the reply's status line");
    }
    clean += c;
    return Step::need_more;
}

HeadScanner::Step HeadScanner::in_name(char c, std::string& clean) {
    if (c == ':' && !name_.empty()) {
        state_ = State::value;
    } else if (is_token_char(c)) {
        name_ += c;
    } else {
        return malformed(describe_byte(c) + " in the name of a field of the reply");
    }
    clean += c;
    return Step::need_more;
}

HeadScanner::Step HeadScanner::in_value(char c, std::string& clean) {
    if (c == '\r') {
        state_ = State::line_feed;
        return Step::need_more;
    }
    if (is_control(c)) {
        return malformed(describe_byte(c) + " in the value of the reply's " + shown(name_));
    }
    clean += c;
    return Step::need_more;
}

HeadScanner::Step HeadScanner::end_of_line() noexcept {
    state_ = after_status_line_ ? State::first_line : State::next_line;
    return Step::need_more;
}

HeadScanner::Step HeadScanner::fail(FailureKind kind, std::string message) {
    fault_ = {kind, std::move(message)};
    return Step::failed;
}

HeadScanner::Step HeadScanner::malformed(std::string message) {
    return fail(FailureKind::protocol_error, std::move(message));
}

} // namespace backstay::inline BACKSTAY_ABI
