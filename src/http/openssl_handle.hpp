#pragma once

#include <backstay/core/config.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace backstay::inline BACKSTAY_ABI {

template <auto release>
struct OpensslRelease {
    template <class T>
    void operator()(T* object) const noexcept {
        static_cast<void>(release(object));
    }
};

using BioHandle = std::unique_ptr<BIO, OpensslRelease<&BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, OpensslRelease<&X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslRelease<&EVP_PKEY_free>>;

} // namespace backstay::inline BACKSTAY_ABI
