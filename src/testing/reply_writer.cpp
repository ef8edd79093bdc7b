#include "testing/reply_writer.hpp"

#include "testing/guide.hpp"
#include "testing/time_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

namespace {

void add_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

void add_chunks(std::string& out, std::string_view body, const std::vector<std::size_t>& sizes) {
    for (std::size_t index = 0; !body.empty(); ++index) {
        const std::size_t wanted = std::max<std::size_t>(1, sizes[std::min(index, sizes.size() - 1)]);
        const std::string_view piece = body.substr(0, wanted);
        std::array<char, 16> size{};
        const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
        out.append(size.data(), end).append("\r\n").append(piece).append("\r\n");
        body.remove_prefix(piece.size());
    }
    out.append("0\r\n\r\n");
}

} // namespace

std::string write_reply(const ApiReply& reply, const ReplyForm& form) {
    const bool bodiless = reply.status < 200 || reply.status == 204 || reply.status == 304;
    const bool framed = reply.fields.has("Content-Length") || reply.fields.has("Transfer-Encoding");
    const bool chunked = !form.chunks.empty() && !bodiless && !framed;

    std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
    out.append(reason_phrase(reply.status)).append("\r\n");
    if (!reply.fields.has("Date")) {
        add_field(out, "Date", to_http_date(form.date));
    }
    if (!reply.fields.has("Content-Type") && !reply.body.empty()) {
        add_field(out, "Content-Type", "application/json");
    }
    for (const Field& field : reply.fields) {
        add_field(out, field.name, field.value);
    }
    if (form.last && !reply.fields.has("Connection")) {
        add_field(out, "Connection", "close");
    }
    if (chunked) {
        add_field(out, "Transfer-Encoding", "chunked");
    } else if (!bodiless && !framed) {
        add_field(out, "Content-Length", std::to_string(reply.body.size()));
    }
    out.append("\r\n");
    if (form.to_head || bodiless) {
        return out;
    }
    if (chunked) {
        add_chunks(out, reply.body, form.chunks);
    } else {
        out.append(reply.body);
    }
    return out;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
