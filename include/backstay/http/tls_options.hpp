#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <string>

namespace backstay::inline BACKSTAY_ABI {

/// How servers are verified, and what this client shows them. Chain and name are always verified unless a
/// call says otherwise.
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

    std::string client_certificate_file{}; ///< PEM file, this client's certificate first, then its issuers
    std::string client_certificate_pem{};  ///< the same as text, instead; both empty: none is shown
    std::string client_key_file{};         ///< PEM file with the certificate's private key
    std::string client_key_pem{};          ///< the same as text, instead
    std::string client_key_passphrase{};   ///< of an encrypted key; nobody is ever asked for it

    std::size_t max_sessions =
        256; ///< kept to shorten later handshakes, of all servers together; 0: none. No 0-RTT
};

} // namespace backstay::inline BACKSTAY_ABI
