#include <backstay/testing/certificates.hpp>

#include "testing/openssl_handles.hpp"

#include <openssl/asn1.h>
#include <openssl/pem.h>

#include <ctime>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

using namespace detail::sandbox;

struct Certificate::Impl {
    X509Handle certificate;
    KeyHandle key;
    std::string pem;
    std::string key_pem;
};

namespace {

KeyHandle make_key(CertificateKey kind) {
    KeyHandle key;
    switch (kind) {
    case CertificateKey::ec_p256:
        key.reset(EVP_EC_gen("P-256"));
        break;
    case CertificateKey::rsa_2048:
        key.reset(EVP_RSA_gen(2048));
        break;
    case CertificateKey::rsa_1024:
        key.reset(EVP_RSA_gen(1024));
        break;
    }
    require(key != nullptr, "cannot make a key");
    return key;
}

void set_random_serial(X509& certificate) {
    const BignumHandle serial{BN_new()};
    require(serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(&certificate)) != nullptr,
            "cannot draw a serial number");
}

void set_validity(X509& certificate, const CertificateOptions& options) {
    std::time_t now = std::time(nullptr);
    const auto set = [&now](ASN1_TIME* field, std::chrono::seconds offset) {
        constexpr long day = 24L * 60 * 60;
        const auto days = static_cast<int>(offset.count() / day);
        return X509_time_adj_ex(field, days, static_cast<long>(offset.count() % day), &now) != nullptr;
    };
    require(set(X509_getm_notBefore(&certificate), options.valid_from) &&
                set(X509_getm_notAfter(&certificate), options.valid_until),
            "cannot set the validity");
}

void set_subject(X509& certificate, const std::string& common_name) {
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    require(X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName, MBSTRING_UTF8,
                                       text, static_cast<int>(common_name.size()), -1, 0) == 1,
            "cannot set the common name");
}

void add_extension(X509& certificate, X509& issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension{X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())};
    require(extension && X509_add_ext(&certificate, extension.get(), -1) == 1,
            "cannot add an extension; is a name or address malformed?");
}

/// Joins what the extensions' little language understands: `DNS:a,DNS:b,IP:::1`.
void append(std::string& list, std::string_view prefix, const std::vector<std::string>& items) {
    for (const std::string& item : items) {
        if (item.empty() || item.find(',') != std::string::npos) {
            throw std::invalid_argument("certificate: \"" + item +
                                        "\" cannot be a name: it is empty or holds a comma");
        }
        list.append(list.empty() ? "" : ",").append(prefix).append(item);
    }
}

void add_extensions(X509& certificate, X509& issuer, const CertificateOptions& options) {
    const bool authority = options.use == CertificateUse::authority;
    add_extension(certificate, issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage,
                  authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    if (&certificate != &issuer) {
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
    }
    if (!authority) {
        const char* const use = options.use == CertificateUse::server   ? "serverAuth"
                                : options.use == CertificateUse::client ? "clientAuth"
                                                                        : "codeSigning";
        add_extension(certificate, issuer, NID_ext_key_usage, use);
    }
    std::string names;
    append(names, "DNS:", options.dns_names);
    append(names, "IP:", options.ip_addresses);
    if (!names.empty()) {
        add_extension(certificate, issuer, NID_subject_alt_name, names);
    }
    std::string permitted;
    append(permitted, "permitted;DNS:", options.permitted_dns_names);
    if (!permitted.empty()) {
        add_extension(certificate, issuer, NID_name_constraints, "critical," + permitted);
    }
}

/// A certificate's last DER byte is the signature's last one: flipping a bit keeps the structure whole.
X509Handle with_broken_signature(X509& certificate) {
    unsigned char* encoded = nullptr;
    const int length = i2d_X509(&certificate, &encoded);
    require(length > 0, "cannot encode");
    encoded[length - 1] ^= 1U;
    const unsigned char* from = encoded;
    X509Handle broken{d2i_X509(nullptr, &from, length)};
    OPENSSL_free(encoded);
    require(broken != nullptr, "cannot decode with a broken signature");
    return broken;
}

template <class Write>
std::string to_pem(Write write) {
    const BioHandle memory{BIO_new(BIO_s_mem())};
    require(memory && write(memory.get()) == 1, "cannot write as PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

Certificate Certificate::make(const CertificateOptions& options, const Impl* issuer) {
    auto made = std::make_shared<Impl>();
    made->key = make_key(options.key);
    made->certificate.reset(X509_new());
    require(made->certificate != nullptr, "out of memory");
    X509& certificate = *made->certificate;
    X509& signer = issuer != nullptr ? *issuer->certificate : certificate;

    require(X509_set_version(&certificate, X509_VERSION_3) == 1, "cannot set the version");
    set_random_serial(certificate);
    set_validity(certificate, options);
    set_subject(certificate, options.common_name);
    require(X509_set_issuer_name(&certificate, X509_get_subject_name(&signer)) == 1 &&
                X509_set_pubkey(&certificate, made->key.get()) == 1,
            "cannot set issuer and key");
    add_extensions(certificate, signer, options);
    require(X509_sign(&certificate, issuer != nullptr ? issuer->key.get() : made->key.get(), EVP_sha256()) >
                0,
            "cannot sign");
    if (options.break_signature) {
        made->certificate = with_broken_signature(certificate);
    }
    made->pem = to_pem([&made](BIO* out) { return PEM_write_bio_X509(out, made->certificate.get()); });
    made->key_pem = to_pem([&made](BIO* out) {
        return PEM_write_bio_PrivateKey(out, made->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return Certificate(std::move(made));
}

Certificate Certificate::self_signed(const CertificateOptions& options) {
    return make(options, nullptr);
}

Certificate Certificate::authority(std::string common_name) {
    return make({.common_name = std::move(common_name),
                 .dns_names = {},
                 .ip_addresses = {},
                 .use = CertificateUse::authority},
                nullptr);
}

Certificate Certificate::issue(const CertificateOptions& options) const {
    return make(options, impl_.get());
}

const std::string& Certificate::pem() const noexcept {
    return impl_->pem;
}

const std::string& Certificate::key_pem() const noexcept {
    return impl_->key_pem;
}

} // namespace backstay::inline BACKSTAY_ABI
