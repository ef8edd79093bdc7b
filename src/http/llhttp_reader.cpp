#include "http/llhttp_reader.hpp"

#include "http/field_syntax.hpp"

#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// What llhttp calls. No exception may pass through its C code.
struct LlhttpReader::Callbacks {
    using Data = void(LlhttpReader& reader, std::string_view piece);
    using Event = int(LlhttpReader& reader);

    template <Data* Handle>
    static int on_data(llhttp_t* parser, const char* at, std::size_t length) noexcept {
        auto& reader = *static_cast<LlhttpReader*>(parser->data);
        try {
            Handle(reader, {at, length});
            return HPE_OK;
        } catch (...) {
            reader.out_of_memory_ = true;
            return HPE_USER;
        }
    }

    template <Event* Handle>
    static int on_event(llhttp_t* parser) noexcept {
        auto& reader = *static_cast<LlhttpReader*>(parser->data);
        try {
            return Handle(reader);
        } catch (...) {
            reader.out_of_memory_ = true;
            return HPE_USER;
        }
    }

    static void reason(LlhttpReader& reader, std::string_view piece) { reader.parts_.reason += piece; }
    static void field_name(LlhttpReader& reader, std::string_view piece) { reader.field_.name += piece; }
    static void field_value(LlhttpReader& reader, std::string_view piece) { reader.field_.value += piece; }

    static int field_complete(LlhttpReader& reader) {
        Field field = std::exchange(reader.field_, {});
        Fields& fields = reader.head_complete_ ? reader.parts_.trailers : reader.parts_.fields;
        fields.add(std::move(field.name), std::string(trim_blanks(field.value)));
        return 0;
    }

    static int head_complete(LlhttpReader& reader) {
        const int status = reader.parser_.status_code;
        reader.parts_.status = status;
        reader.head_complete_ = true;
        const bool no_body = reader.answers_head_ || status < 200 || status == 204 || status == 304;
        return no_body ? 1 : 0;
    }

    static int chunk_size(LlhttpReader& reader) {
        reader.chunk_bytes_ = reader.parser_.content_length;
        return 0;
    }

    static int complete(LlhttpReader& reader) {
        reader.keep_alive_ = llhttp_should_keep_alive(&reader.parser_) != 0;
        reader.complete_ = true;
        return 0;
    }

    static const llhttp_settings_t& settings() noexcept {
        static const llhttp_settings_t made = [] {
            llhttp_settings_t all;
            llhttp_settings_init(&all);
            all.on_status = on_data<reason>;
            all.on_header_field = on_data<field_name>;
            all.on_header_value = on_data<field_value>;
            all.on_header_value_complete = on_event<field_complete>;
            all.on_headers_complete = on_event<head_complete>;
            all.on_chunk_header = on_event<chunk_size>;
            all.on_message_complete = on_event<complete>;
            return all;
        }();
        return made;
    }
};

LlhttpReader::LlhttpReader(bool answers_head) noexcept : answers_head_(answers_head) {
    restart();
}

void LlhttpReader::restart() noexcept {
    llhttp_init(&parser_, HTTP_RESPONSE, &Callbacks::settings());
    parser_.data = this;
    head_complete_ = false;
    complete_ = false;
    field_ = {};
    parts_ = {};
}

bool LlhttpReader::execute(std::string_view bytes) noexcept {
    if (bytes.empty()) {
        return true;
    }
    const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
    return result == HPE_OK || result == HPE_PAUSED_UPGRADE; // at the end of a 101's head
}

bool LlhttpReader::finish() noexcept {
    return llhttp_finish(&parser_) == HPE_OK && complete_;
}

std::string_view LlhttpReader::error() const noexcept {
    const char* reason = llhttp_get_error_reason(&parser_);
    return reason == nullptr ? std::string_view("malformed") : std::string_view(reason);
}

} // namespace backstay::inline BACKSTAY_ABI
