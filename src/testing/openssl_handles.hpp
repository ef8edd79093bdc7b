#pragma once

#include <backstay/core/config.hpp>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};

using BioHandle = std::unique_ptr<BIO, Releaser<BIO_free_all>>;
using BignumHandle = std::unique_ptr<BIGNUM, Releaser<BN_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Releaser<X509_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

/// Throws with OpenSSL's own reason unless `done`.
inline void require(bool done, const char* what) {
    if (!done) {
        char reason[256] = "no reason given";
        if (const unsigned long code = ERR_get_error(); code != 0) {
            ERR_error_string_n(code, reason, sizeof reason);
        }
        ERR_clear_error();
        throw std::runtime_error(std::string("certificates: ") + what + ": " + reason);
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
