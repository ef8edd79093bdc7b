#include <backstay/testing/certificates.hpp>

#include "support/catch.hpp"
#include "testing/support/temp_file.hpp"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

using namespace backstay;
using namespace std::chrono_literals;

namespace {

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

X509Ptr read(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    return {PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free};
}

X509Ptr read(const Certificate& certificate) {
    return read(certificate.pem());
}

/// What a TLS client finds wrong with a server's certificate, in OpenSSL's words; `ok` when nothing is.
std::string verdict(const Certificate& root, const Certificate& server,
                    const Certificate* intermediate = nullptr) {
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), &X509_STORE_free);
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                  &X509_STORE_CTX_free);
    const X509Ptr trusted = read(root);
    const X509Ptr leaf = read(server);
    const X509Ptr between = intermediate != nullptr ? read(*intermediate) : X509Ptr(nullptr, &X509_free);
    const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
        sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
    if (between) {
        sk_X509_push(others.get(), between.get());
    }
    X509_STORE_add_cert(store.get(), trusted.get());
    X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), others.get());
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), 2);
    X509_verify_cert(context.get());
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

bool has_host(const Certificate& certificate, const char* name) {
    return X509_check_host(read(certificate).get(), name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) ==
           1;
}

bool has_address(const Certificate& certificate, const char* address) {
    return X509_check_ip_asc(read(certificate).get(), address, 0) == 1;
}

} // namespace

TEST_CASE("a fresh certificate is good for this machine and no other", "[certificates]") {
    const Certificate root = Certificate::authority();
    const Certificate server = root.issue({});
    CHECK(verdict(root, server) == "ok");
    CHECK(has_host(server, "localhost"));
    CHECK(has_address(server, "127.0.0.1"));
    CHECK(has_address(server, "::1"));
    CHECK_FALSE(has_host(server, "example.com"));
    CHECK_FALSE(has_address(server, "127.0.0.2"));
}

TEST_CASE("names are as asked for", "[certificates]") {
    const Certificate root = Certificate::authority();
    const Certificate wild = root.issue({.dns_names = {"*.example.com", "a.test"}, .ip_addresses = {}});
    CHECK(has_host(wild, "x.example.com"));
    CHECK(has_host(wild, "a.test"));
    CHECK_FALSE(has_host(wild, "x.y.example.com"));
    CHECK_FALSE(has_address(wild, "127.0.0.1"));

    const Certificate bare = root.issue({.common_name = "only.test", .dns_names = {}, .ip_addresses = {}});
    CHECK_FALSE(has_host(bare, "only.test"));
    CHECK(X509_get_ext_by_NID(read(bare).get(), NID_subject_alt_name, -1) == -1);
}

TEST_CASE("each fault that is asked for is the one that a client finds", "[certificates]") {
    const Certificate root = Certificate::authority();
    struct Row {
        CertificateOptions options;
        const char* verdict;
    };
    const Row rows[] = {
        {{.valid_from = -2h, .valid_until = -1h}, "certificate has expired"},
        {{.valid_from = 1h, .valid_until = 2h}, "certificate is not yet valid"},
        {{.use = CertificateUse::code_signing}, "unsuitable certificate purpose"},
        {{.use = CertificateUse::client}, "unsuitable certificate purpose"},
        {{.key = CertificateKey::rsa_1024}, "EE certificate key too weak"},
        {{.key = CertificateKey::rsa_2048}, "ok"},
        {{.break_signature = true}, "certificate signature failure"},
    };
    for (const Row& row : rows) {
        CHECK(verdict(root, root.issue(row.options)) == row.verdict);
    }
    CHECK(verdict(root, Certificate::self_signed({})) == "self-signed certificate");
    CHECK(verdict(Certificate::authority(), root.issue({})) != "ok");
}

TEST_CASE("chains work through an intermediate, and show when it may not sign", "[certificates]") {
    const Certificate root = Certificate::authority();
    const CertificateOptions authority{
        .common_name = "between", .dns_names = {}, .ip_addresses = {}, .use = CertificateUse::authority};
    const Certificate between = root.issue(authority);
    const Certificate server = between.issue({});
    CHECK(verdict(root, server, &between) == "ok");
    CHECK(verdict(root, server) == "unable to get local issuer certificate");

    const Certificate impostor = root.issue({});
    const Certificate forged = impostor.issue({});
    CHECK(verdict(root, forged, &impostor) == "invalid CA certificate");

    CertificateOptions constrained = authority;
    constrained.permitted_dns_names = {"example.com"};
    const Certificate narrow = root.issue(constrained);
    const Certificate outside = narrow.issue({.ip_addresses = {}});
    CHECK(verdict(root, outside, &narrow) == "permitted subtree violation");
    const Certificate inside =
        narrow.issue({.common_name = "a", .dns_names = {"a.example.com"}, .ip_addresses = {}});
    CHECK(verdict(root, inside, &narrow) == "ok");
}

TEST_CASE("serial numbers are long and never alike", "[certificates]") {
    const Certificate root = Certificate::authority();
    const X509Ptr first = read(root.issue({}));
    const X509Ptr second = read(root.issue({}));
    CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(first.get()), X509_get0_serialNumber(second.get())) != 0);
    CHECK(X509_get0_serialNumber(first.get())->length >= 15);
}

TEST_CASE("a bundle holds the chain with the server first, its key, and whom to trust", "[certificates]") {
    const Certificate root = Certificate::authority();
    const Certificate server = root.issue({});
    const Certificates bundle(root, {server, root});
    CHECK(bundle.ca_pem() == root.pem());
    CHECK(bundle.chain_pem() == server.pem() + root.pem());
    CHECK(bundle.key_pem() == server.key_pem());
    CHECK(Certificates().ca_pem() != Certificates().ca_pem());
    CHECK_THROWS_WITH(Certificates(root, {}), "certificates: chain is empty; give at least the server's own");
}

TEST_CASE("only the root's certificate is written to disk", "[certificates]") {
    const Certificates bundle;
    const test::TempFile file;
    REQUIRE(bundle.write_ca(file.path()));
    CHECK(file.content() == bundle.ca_pem());
    CHECK(file.content().find("PRIVATE KEY") == std::string::npos);
    CHECK(bundle.write_ca("/nowhere/ca.pem").error() ==
          "cannot write the certificate to /nowhere/ca.pem: No such file or directory");
}

TEST_CASE("names that no certificate can hold are refused", "[certificates]") {
    CHECK_THROWS_WITH(Certificate::self_signed({.dns_names = {"a,DNS:b"}}),
                      R"(certificate: "a,DNS:b" cannot be a name: it is empty or holds a comma)");
    CHECK_THROWS_AS(Certificate::self_signed({.ip_addresses = {"300.1.1.1"}}), std::runtime_error);
}
