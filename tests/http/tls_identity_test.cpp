#include "http/tls_identity.hpp"

#include "http/sandbox_world.hpp"
#include "http/tls_context.hpp"
#include "support/catch.hpp"

#include <openssl/pem.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

CertificateOptions client_options() {
    CertificateOptions options;
    options.use = CertificateUse::client;
    options.common_name = "orders-service";
    return options;
}

/// A file for a while.
class TemporaryFile {
public:
    TemporaryFile(std::string path, const std::string& content) : path_(std::move(path)) {
        std::ofstream(path_) << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::remove(path_.c_str()); }

private:
    std::string path_;
};

std::string encrypted(const std::string& key_pem, std::string passphrase) {
    const std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_mem_buf(key_pem.data(), -1), &BIO_free);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
        PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                          static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string refusal(const TlsOptions& options) {
    try {
        const TlsContext context(options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("a server that wants a client certificate gets it", "[http][tls_identity]") {
    const Certificate root = Certificate::authority();
    const Certificate mine = root.issue(client_options());
    const Certificate strange = Certificate::authority().issue(client_options());
    SandboxOptions server;
    server.client_ca_pem = root.pem();
    server.tls_versions = GENERATE(TlsVersions::only_1_2, TlsVersions::only_1_3);
    HttpsOptions client;

    SECTION("from files") {
        const TemporaryFile certificate("tls_identity_test.crt", mine.pem());
        const TemporaryFile key("tls_identity_test.key", mine.key_pem());
        client.tls.client_certificate_file = "tls_identity_test.crt";
        client.tls.client_key_file = "tls_identity_test.key";
        SandboxWorld world(server, client);
        Exchanged get = world.make();
        CHECK(world.finish(get).ok());
    }
    SECTION("from text, the key encrypted") {
        client.tls.client_certificate_pem = mine.pem();
        client.tls.client_key_pem = encrypted(mine.key_pem(), "open sesame");
        client.tls.client_key_passphrase = "open sesame";
        SandboxWorld world(server, client);
        Exchanged get = world.make();
        CHECK(world.finish(get).ok());
    }
    SECTION("or the call fails, without one") {
        SandboxWorld world(server, client);
        Exchanged get = world.make();
        CHECK_FALSE(world.finish(get).ok());
        CHECK(get.message().find("alert") != std::string::npos);
        CHECK(world.sandbox.requests().empty());
    }
    SECTION("or the call fails, with one of another authority") {
        client.tls.client_certificate_pem = strange.pem();
        client.tls.client_key_pem = strange.key_pem();
        SandboxWorld world(server, client);
        Exchanged get = world.make();
        CHECK_FALSE(world.finish(get).ok());
        CHECK(get.message().find("alert") != std::string::npos);
        CHECK(world.sandbox.requests().empty());
    }
}

TEST_CASE("a client certificate or key that cannot be used is an error that names option, file and reason",
          "[http][tls_identity]") {
    const Certificate root = Certificate::authority();
    const Certificate mine = root.issue(client_options());
    const Certificate other = root.issue(client_options());
    TlsOptions options;
    options.client_certificate_pem = mine.pem();
    options.client_key_pem = mine.key_pem();
    REQUIRE(refusal(options) == "accepted");

    struct Mistake {
        std::string what;
        std::function<void(TlsOptions&)> make;
        std::string expected;
    };
    const std::vector<Mistake> mistakes{
        {"no such certificate file",
         [](TlsOptions& o) {
             o.client_certificate_pem.clear();
             o.client_certificate_file = "/nonexistent/client.crt";
         },
         "TlsOptions.client_certificate_file is /nonexistent/client.crt (No such file or directory)"},
        {"no such key file",
         [](TlsOptions& o) {
             o.client_key_pem.clear();
             o.client_key_file = "/nonexistent/client.key";
         },
         "TlsOptions.client_key_file is /nonexistent/client.key (No such file or directory)"},
        {"a certificate alone", [](TlsOptions& o) { o.client_key_pem.clear(); },
         "TlsOptions.client_key_file is empty (but there is a client certificate)"},
        {"a key alone", [](TlsOptions& o) { o.client_certificate_pem.clear(); },
         "TlsOptions.client_certificate_file is empty (but there is a client key)"},
        {"both file and text", [](TlsOptions& o) { o.client_key_file = "client.key"; },
         "(and the option for a file is given too)"},
        {"no certificate in it", [](TlsOptions& o) { o.client_certificate_pem = o.client_key_pem; },
         "(no certificate in it: no start line)"},
        {"a damaged issuer",
         [](TlsOptions& o) {
             o.client_certificate_pem += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
         },
         "one of the certificates in it is damaged"},
        {"no key in it", [](TlsOptions& o) { o.client_key_pem = o.client_certificate_pem; },
         "(no private key in it: "},
        {"the key of another certificate", [&](TlsOptions& o) { o.client_key_pem = other.key_pem(); },
         "(it does not belong to the client certificate: key values mismatch)"},
        {"an encrypted key without passphrase",
         [](TlsOptions& o) { o.client_key_pem = encrypted(o.client_key_pem, "open sesame"); },
         "(it is encrypted, and TlsOptions.client_key_passphrase is empty)"},
        {"an encrypted key with another passphrase",
         [](TlsOptions& o) {
             o.client_key_pem = encrypted(o.client_key_pem, "open sesame");
             o.client_key_passphrase = "open barley";
         },
         "(it is encrypted with another passphrase: "},
    };
    for (const Mistake& mistake : mistakes) {
        DYNAMIC_SECTION(mistake.what) {
            mistake.make(options);
            const std::string said = refusal(options);
            INFO(said);
            CHECK(said.find(mistake.expected) != std::string::npos);
            CHECK(said.find("-----BEGIN") == std::string::npos);
            CHECK(said.find("open barley") == std::string::npos);
        }
    }
}
