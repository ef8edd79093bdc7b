#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/detail/guide_api.hpp>

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Reads HTTP/1.1 requests out of a connection's bytes, one after another. Does no I/O.
class RequestReader {
public:
    enum class State : std::uint8_t {
        needs_more,
        awaits_continue, ///< the head is there and the client waits for `100 Continue` before its body
        complete,        ///< `request` is whole; bytes of a next one are kept
        refused,         ///< `refusal` says with which status; the connection is of no more use
    };

    RequestReader(std::size_t max_head_bytes, std::size_t max_body_bytes);
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Takes bytes as they come from the wire, perhaps none, and reads on.
    [[nodiscard]] State feed(std::string_view bytes);

    /// Makes room for the next request.
    void next();

    [[nodiscard]] const ApiRequest& request() const noexcept { return request_; }
    /// False when this request is the connection's last (`Connection: close`, HTTP/1.0).
    [[nodiscard]] bool keeps_alive() const noexcept { return keeps_alive_; }
    [[nodiscard]] int refusal() const noexcept { return refusal_; }
    /// True when bytes of an unfinished request have come.
    [[nodiscard]] bool within_request() const noexcept { return begun_; }

private:
    static RequestReader& self(llhttp_t* parser) noexcept {
        return *static_cast<RequestReader*>(parser->data);
    }
    static const llhttp_settings_t& settings() noexcept;

    int refuse(int status) noexcept;
    int add_to_head(std::string& place, const char* at, std::size_t length);
    int head_complete();

    llhttp_t parser_{};
    std::size_t max_head_bytes_;
    std::size_t max_body_bytes_;
    std::string unread_;
    ApiRequest request_;
    std::string field_name_;
    std::string field_value_;
    std::size_t head_bytes_ = 0;
    int refusal_ = 0;
    bool begun_ = false;
    bool keeps_alive_ = true;
    bool awaits_continue_ = false;
    bool complete_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
