#include "testing/request_reader.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

RequestReader::RequestReader(std::size_t max_head_bytes, std::size_t max_body_bytes)
    : max_head_bytes_(max_head_bytes), max_body_bytes_(max_body_bytes) {
    llhttp_init(&parser_, HTTP_REQUEST, &settings());
    parser_.data = this;
}

RequestReader::State RequestReader::feed(std::string_view bytes) {
    unread_.append(bytes);
    if (refusal_ == 0 && !complete_ && !unread_.empty()) {
        begun_ = true;
        const llhttp_errno_t error = llhttp_execute(&parser_, unread_.data(), unread_.size());
        if (error == HPE_OK) {
            unread_.clear();
        } else if (complete_) { // paused at the message's end, or before the bytes of an upgrade
            unread_.erase(0, static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - unread_.data()));
        } else if (refusal_ == 0) {
            refusal_ = 400;
        }
    }
    if (refusal_ != 0) {
        return State::refused;
    }
    if (complete_) {
        return State::complete;
    }
    return std::exchange(awaits_continue_, false) ? State::awaits_continue : State::needs_more;
}

void RequestReader::next() {
    llhttp_init(&parser_, HTTP_REQUEST, &settings());
    parser_.data = this;
    request_ = {};
    head_bytes_ = 0;
    begun_ = !unread_.empty();
    complete_ = awaits_continue_ = false;
}

int RequestReader::refuse(int status) noexcept {
    refusal_ = status;
    return HPE_USER;
}

int RequestReader::add_to_head(std::string& place, const char* at, std::size_t length) {
    head_bytes_ += length;
    if (head_bytes_ > max_head_bytes_) {
        return refuse(431);
    }
    place.append(at, length);
    return HPE_OK;
}

int RequestReader::head_complete() {
    request_.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(&parser_)));
    keeps_alive_ = llhttp_should_keep_alive(&parser_) != 0;
    const std::string* const expectation = request_.fields.find("Expect");
    awaits_continue_ = expectation != nullptr && same_field_name(*expectation, "100-continue");
    const bool has_host = request_.fields.has("Host"); // HTTP/1.1 demands it (RFC 9112 section 3.2)
    if (!has_host && llhttp_get_http_major(&parser_) == 1 && llhttp_get_http_minor(&parser_) == 1) {
        refusal_ = 400;
        return -1;
    }
    return 0;
}

const llhttp_settings_t& RequestReader::settings() noexcept {
    static const llhttp_settings_t made = [] {
        llhttp_settings_t table{};
        llhttp_settings_init(&table);
        table.on_url = [](llhttp_t* parser, const char* at, std::size_t length) {
            return self(parser).add_to_head(self(parser).request_.target, at, length);
        };
        table.on_header_field = [](llhttp_t* parser, const char* at, std::size_t length) {
            return self(parser).add_to_head(self(parser).field_name_, at, length);
        };
        table.on_header_value = [](llhttp_t* parser, const char* at, std::size_t length) {
            return self(parser).add_to_head(self(parser).field_value_, at, length);
        };
        table.on_header_value_complete = [](llhttp_t* parser) {
            RequestReader& reader = self(parser);
            reader.head_bytes_ += 4; // the colon, the line's end and a space
            reader.request_.fields.add(std::exchange(reader.field_name_, {}),
                                       std::exchange(reader.field_value_, {}));
            return 0;
        };
        table.on_headers_complete = [](llhttp_t* parser) { return self(parser).head_complete(); };
        table.on_body = [](llhttp_t* parser, const char* at, std::size_t length) {
            RequestReader& reader = self(parser);
            reader.awaits_continue_ = false;
            if (reader.request_.body.size() + length > reader.max_body_bytes_) {
                return reader.refuse(413);
            }
            reader.request_.body.append(at, length);
            return 0;
        };
        table.on_message_complete = [](llhttp_t* parser) {
            self(parser).complete_ = true;
            return static_cast<int>(HPE_PAUSED);
        };
        return table;
    }();
    return made;
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
