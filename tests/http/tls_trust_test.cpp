#include "http/tls_trust.hpp"

#include "http/tls_context.hpp"
#include "support/catch.hpp"

#include <backstay/testing/certificates.hpp>

#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

using namespace backstay;

namespace {

/// Sets a variable of the environment for a while.
class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) {
        if (const char* const before = std::getenv(name)) {
            before_ = before;
        }
        ::setenv(name, value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

private:
    const char* name_;
    std::string before_;
};

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

std::string loaded(const TrustPlaces& places) {
    const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    return load_trust(*context, TlsOptions(), places);
}

} // namespace

TEST_CASE("SSL_CERT_FILE and SSL_CERT_DIR say where to look, and then nothing else does",
          "[http][tls_trust]") {
    const Environment no_file("SSL_CERT_FILE", "");
    const Environment no_directory("SSL_CERT_DIR", "");

    SECTION("neither") {
        const TrustPlaces places = system_trust_places();
        CHECK(places.files.size() > 3);
        CHECK(places.directories.empty());
    }
    SECTION("the file") {
        const Environment file("SSL_CERT_FILE", "/a/bundle.pem");
        const TrustPlaces places = system_trust_places();
        CHECK(places.files == std::vector<std::string>{"/a/bundle.pem"});
        CHECK(places.directories.empty());
    }
    SECTION("directories, with colons between them") {
        const Environment directory("SSL_CERT_DIR", "/a:/b::/c:");
        const TrustPlaces places = system_trust_places();
        CHECK(places.files.empty());
        CHECK(places.directories == std::vector<std::string>{"/a", "/b", "/c"});
    }
    SECTION("both") {
        const Environment file("SSL_CERT_FILE", "/a/bundle.pem");
        const Environment directory("SSL_CERT_DIR", "/b");
        const TrustPlaces places = system_trust_places();
        CHECK(places.files.size() == 1);
        CHECK(places.directories.size() == 1);
    }
}

TEST_CASE("the first bundle that can be read counts, and every directory that exists", "[http][tls_trust]") {
    const std::string bundle = "tls_trust_test.pem";
    REQUIRE(backstay::Certificates().write_ca(bundle));
    CHECK(loaded({{"/nonexistent/a.pem", bundle, "./" + bundle}, {}}) == "trusted: " + bundle);
    CHECK(loaded({{bundle}, {".", "/nonexistent"}}) == "trusted: " + bundle + " .");
    CHECK(loaded({{"/nonexistent/a.pem"}, {"."}}) == "trusted: .");
    std::filesystem::remove(bundle);
}

TEST_CASE("when there is nothing to trust the error names what was tried", "[http][tls_trust]") {
    CHECK(loaded({{"/nonexistent/a.pem", "/nonexistent/b.pem"}, {"/nonexistent/c"}}) ==
          "no CA certificates could be read, tried: /nonexistent/a.pem /nonexistent/b.pem /nonexistent/c");
}
