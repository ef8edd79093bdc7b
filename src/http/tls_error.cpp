#include "http/tls_error.hpp"

#include <openssl/err.h>

namespace backstay::inline BACKSTAY_ABI {

namespace {

class TlsCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "backstay.tls"; }

    [[nodiscard]] std::string message(int value) const override {
        if (value == static_cast<int>(TlsErrc::truncated)) {
            return "the stream ended without close_notify";
        }
        const char* const reason = ERR_reason_error_string(static_cast<unsigned int>(value));
        return reason != nullptr ? reason : "TLS error " + std::to_string(static_cast<unsigned int>(value));
    }
};

} // namespace

const std::error_category& tls_category() noexcept {
    static const TlsCategory category;
    return category;
}

std::error_code take_openssl_error() noexcept {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) { // a file that cannot be opened, for example
        return {ERR_GET_REASON(code), std::system_category()};
    }
    return {static_cast<int>(code), tls_category()};
}

} // namespace backstay::inline BACKSTAY_ABI
