#include "http/body_framing.hpp"

#include "http/field_syntax.hpp"
#include "http/numbers.hpp"

#include <limits>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

namespace {

unexpected<ReplyFault> malformed(std::string message) {
    return fail(ReplyFault{FailureKind::protocol_error, std::move(message)});
}

/// Finds the only field of that name; `count` says how many there are.
const std::string* find_only(const Fields& fields, std::string_view name, int& count) noexcept {
    const std::string* found = nullptr;
    count = 0;
    for (const Field& field : fields) {
        if (same_field_name(field.name, name)) {
            found = &field.value;
            ++count;
        }
    }
    return found;
}

} // namespace

bool is_framing_field(std::string_view name) noexcept {
    return same_field_name(name, "Transfer-Encoding") || same_field_name(name, "Content-Length");
}

expected<BodyFraming, ReplyFault> body_framing(const ReplyHead& head, const Fields& fields) {
    int codings = 0;
    int lengths = 0;
    const std::string* coding = find_only(fields, "Transfer-Encoding", codings);
    const std::string* length = find_only(fields, "Content-Length", lengths);
    if (codings > 1 || (coding != nullptr && !same_field_name(*coding, "chunked"))) {
        return malformed("the reply's Transfer-Encoding is not exactly one `chunked`");
    }
    if (coding != nullptr && length != nullptr) {
        return malformed("the reply has a Transfer-Encoding and a Content-Length");
    }
    if (coding != nullptr && head.http_1_0) {
        return malformed("an HTTP/1.0 reply has a Transfer-Encoding");
    }
    if (lengths > 1) {
        return malformed("the reply has more than one Content-Length");
    }
    std::optional<std::uint64_t> bytes;
    if (length != nullptr) {
        bytes = parse_digits(*length, 19);
        if (!bytes || *bytes > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
            return malformed("the reply's Content-Length is not a number of bytes");
        }
    }
    if (head.answers_head || head.status < 200 || head.status == 204 || head.status == 304) {
        return BodyFraming{};
    }
    if (coding != nullptr) {
        return BodyFraming{BodyFraming::Kind::chunked, 0};
    }
    if (!bytes) {
        return BodyFraming{BodyFraming::Kind::until_close, 0};
    }
    return *bytes == 0 ? BodyFraming{} : BodyFraming{BodyFraming::Kind::length, *bytes};
}

expected<bool, ReplyFault> is_gzip(const Fields& fields) {
    int codings = 0;
    const std::string* coding = find_only(fields, "Content-Encoding", codings);
    if (codings == 0 || (codings == 1 && same_field_name(*coding, "identity"))) {
        return false;
    }
    if (codings > 1 || !(same_field_name(*coding, "gzip") || same_field_name(*coding, "x-gzip"))) {
        return malformed("the reply's Content-Encoding is not one `gzip`, which alone was asked for");
    }
    return true;
}

std::optional<std::chrono::seconds> keep_alive_timeout(const Fields& fields) noexcept {
    const std::string* value = fields.find("Keep-Alive");
    if (value == nullptr) {
        return std::nullopt;
    }
    for (std::string_view rest = *value; !rest.empty();) {
        std::string_view parameter = next_part(rest, ',');
        if (same_field_name(next_part(parameter, '='), "timeout")) {
            const auto seconds = parse_digits(trim_blanks(parameter), 10);
            return seconds ? std::optional(std::chrono::seconds(static_cast<std::int64_t>(*seconds)))
                           : std::nullopt;
        }
    }
    return std::nullopt;
}

} // namespace backstay::inline BACKSTAY_ABI
