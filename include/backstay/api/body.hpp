#pragma once

#include <backstay/api/encode.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/body_producer.hpp>

#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

/// A request's body, or none. Not an aggregate on purpose, see `CallOptions`.
class Body {
public:
    /// No body.
    Body() {} // NOLINT(modernize-use-equals-default)

    /// Bytes as they are to be sent; an empty content type leaves that field out.
    Body(std::string content_type, std::string bytes)
        : content_type_(std::move(content_type)), bytes_(std::move(bytes)), present_(true) {}

    /// Writes a value as JSON, see `encode`. What JSON cannot hold makes the call fail with
    /// `invalid_request`.
    template <class T>
    [[nodiscard]] static Body json(const T& value) {
        Body body{"application/json", {}};
        if (auto text = to_json_text(encode(value))) {
            body.bytes_ = std::move(*text);
        } else {
            body.fault_ = std::move(text.error());
        }
        return body;
    }

    /// A body that is made while it is sent, anew for each attempt: see `BodyProducer`.
    [[nodiscard]] static Body produced(std::string content_type, BodyProducer producer) {
        Body body{std::move(content_type), std::string()};
        body.producer_ = std::move(producer);
        return body;
    }

    [[nodiscard]] bool present() const noexcept { return present_; }
    [[nodiscard]] const std::string& content_type() const noexcept { return content_type_; }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string take_bytes() && noexcept { return std::move(bytes_); }
    [[nodiscard]] const BodyProducer& producer() const noexcept { return producer_; }
    /// What is wrong with it; empty when it may be sent.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

private:
    std::string content_type_;
    std::string bytes_;
    BodyProducer producer_;
    std::string fault_;
    bool present_ = false;
};

} // namespace backstay::inline BACKSTAY_ABI
