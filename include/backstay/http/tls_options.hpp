#pragma once

#include <backstay/core/config.hpp>

#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// How servers are verified. Chain and name are always verified unless a call says otherwise.
struct TlsOptions {
    /// Whether the server must prove who it is. On by default; the only other value has a name that a review
    /// sees.
    class Verification {
    public:
        Verification() noexcept {} // NOLINT(modernize-use-equals-default)
        [[nodiscard]] bool required() const noexcept { return required_; }

    private:
        friend struct TlsOptions;
        bool required_ = true;
    };

    /// Accepts any certificate of anybody: whoever sits on the path reads and changes everything, credentials
    /// included. For a closed laboratory only.
    [[nodiscard]] static Verification dangerously_without_verification() noexcept {
        Verification none;
        none.required_ = false;
        return none;
    }

    std::string ca_file{}; ///< PEM bundle to trust instead of the system's; empty: see `ca_pem`
    std::string ca_pem{};  ///< PEM text to trust, beside `ca_file`; both empty: the system's bundle
    Verification verification{};
};

} // namespace backstay::inline BACKSTAY_ABI
