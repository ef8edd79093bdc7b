#include "http/request_writer.hpp"

#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

/// Servers wait for the body of these, or refuse them, when nothing says that there is none.
bool expects_body(std::string_view method) noexcept {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

} // namespace

expected<std::string, std::string> request_head(const Request& request, bool accept_gzip) {
    if (auto wrong = request.fault()) {
        return fail(std::move(*wrong));
    }
    std::string head;
    head.reserve(512);
    head.append(request.method).append(" ").append(request.url.target()).append(" HTTP/1.1\r\n");
    append_field(head, "Host", request.url.host_field());
    for (const Field& field : request.fields) {
        append_field(head, field.name, field.value);
    }
    if (!request.fields.has("User-Agent")) {
        append_field(head, "User-Agent", "backstay/" BACKSTAY_VERSION);
    }
    if (accept_gzip) {
        append_field(head, "Accept-Encoding", "gzip");
    }
    if (request.producer && !request.producer.length) {
        append_field(head, "Transfer-Encoding", "chunked");
    } else if (request.producer) {
        append_field(head, "Content-Length", std::to_string(*request.producer.length));
    } else if (!request.body.empty() || expects_body(request.method)) {
        append_field(head, "Content-Length", std::to_string(request.body.size()));
    }
    head.append("\r\n");
    return head;
}

} // namespace backstay::inline BACKSTAY_ABI
