#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// What a certificate is for: its basic constraints, key usage and extended key usage.
enum class CertificateUse : std::uint8_t {
    authority, ///< signs others
    server,
    client,
    code_signing, ///< one that a server must not be accepted with
};

enum class CertificateKey : std::uint8_t { ec_p256, rsa_2048, rsa_1024 };

/// What is written into one certificate: by default a good one for this machine.
struct CertificateOptions {
    std::string common_name = "localhost";
    std::vector<std::string> dns_names{"localhost"};           ///< alternative names; may hold wildcards
    std::vector<std::string> ip_addresses{"127.0.0.1", "::1"}; ///< alternative names of type IP
    std::chrono::seconds valid_from = std::chrono::hours{-1};  ///< counted from now
    std::chrono::seconds valid_until = std::chrono::hours{24}; ///< counted from now; before now: expired
    CertificateUse use = CertificateUse::server;
    CertificateKey key = CertificateKey::ec_p256;
    std::vector<std::string> permitted_dns_names{}; ///< an authority's name constraint; empty: no constraint
    bool break_signature = false;                   ///< flips a bit of the signature
};

/// A throw-away X.509 certificate with its private key, made in memory; the serial number is random.
/// Errors: what makes one throws `std::invalid_argument` for options that no certificate can hold, and
/// `std::runtime_error` when OpenSSL refuses. Thread safety: immutable. Lifetime: a cheap handle.
class BACKSTAY_EXPORT Certificate {
public:
    /// Makes one that is signed by its own key.
    [[nodiscard]] static Certificate self_signed(const CertificateOptions& options);
    /// Makes a root that may sign others.
    [[nodiscard]] static Certificate authority(std::string common_name = "backstay throw-away root");

    /// Makes one that is signed by this one, whatever this one is allowed to sign.
    [[nodiscard]] Certificate issue(const CertificateOptions& options) const;

    [[nodiscard]] const std::string& pem() const noexcept;
    /// The private key, unencrypted.
    [[nodiscard]] const std::string& key_pem() const noexcept;

private:
    struct Impl;
    explicit Certificate(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}
    static Certificate make(const CertificateOptions& options, const Impl* issuer);

    std::shared_ptr<const Impl> impl_;
};

/// What a TLS server shows and what its clients are to trust.
class BACKSTAY_EXPORT Certificates {
public:
    /// Makes a fresh root and a server certificate signed by it. Errors: as `Certificate`.
    explicit Certificates(const CertificateOptions& server = CertificateOptions());
    /// Takes any chain, the server's own first, and the root that clients are told to trust.
    /// Errors: throws `std::invalid_argument` for an empty chain.
    Certificates(const Certificate& trusted, const std::vector<Certificate>& chain);

    [[nodiscard]] const std::string& ca_pem() const noexcept { return ca_pem_; }
    [[nodiscard]] const std::string& chain_pem() const noexcept { return chain_pem_; }
    [[nodiscard]] const std::string& key_pem() const noexcept { return key_pem_; }

    /// Writes the root's certificate, and no private key, to a file. The error says why it could not.
    [[nodiscard]] expected<void, std::string> write_ca(const std::string& path) const;

private:
    std::string ca_pem_;
    std::string chain_pem_;
    std::string key_pem_;
};

} // namespace backstay::inline BACKSTAY_ABI
