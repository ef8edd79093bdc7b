#include <backstay/http/request.hpp>

#include "http/describe_byte.hpp"
#include "http/field_syntax.hpp"

#include <algorithm>
#include <array>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// They say where the message ends or what the connection does: the transport's business alone.
constexpr std::array<std::string_view, 10> written_by_transport = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
    "TE",   "Trailer",        "Upgrade",           "Expect",     "Proxy-Connection"};

std::optional<std::string> method_fault(const Request& request) {
    const std::string& method = request.method;
    if (method.empty()) {
        return "the method is empty";
    }
    if (const auto bad = std::find_if_not(method.begin(), method.end(), is_token_char); bad != method.end()) {
        return "the method has " + describe_byte(*bad);
    }
    if (method == "CONNECT") {
        return "CONNECT makes a tunnel, which no reply could be read from";
    }
    if (method == "TRACE" && (!request.body.empty() || request.producer)) {
        return "a TRACE request has no body (RFC 9110 section 9.3.8)";
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> Request::fault() const {
    if (auto wrong = method_fault(*this)) {
        return wrong;
    }
    if (producer && !body.empty()) {
        return "the request has a body and a producer of one";
    }
    for (const Field& field : fields) {
        if (auto wrong = field_fault(field.name, field.value)) {
            return wrong;
        }
        if (std::any_of(written_by_transport.begin(), written_by_transport.end(),
                        [&](std::string_view name) { return same_field_name(name, field.name); })) {
            return "the field " + field.name + " is written by the transport and must not be set";
        }
    }
    return std::nullopt;
}

bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> methods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

} // namespace backstay::inline BACKSTAY_ABI
