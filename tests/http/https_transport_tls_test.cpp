#include <backstay/http/https_transport.hpp>

#include "http/sandbox_world.hpp"
#include "support/catch.hpp"

#include <asio/ip/tcp.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

SandboxOptions showing(const CertificateOptions& certificate) {
    SandboxOptions options;
    options.certificates.emplace(certificate);
    return options;
}

SandboxOptions meeting(ConnectionFault fault) {
    SandboxOptions options;
    options.script.connections.push_back({fault, 1'000});
    return options;
}

/// Sends `name` to the sandbox, whatever the name.
Exchanged call_by_name(SandboxWorld& world, const std::string& name) {
    return Exchanged("GET",
                     "https://" + name + ":" + std::to_string(world.sandbox.port()) + "/v1/status/200");
}

CertificateOptions named(std::vector<std::string> dns, std::vector<std::string> ip = {}) {
    CertificateOptions options;
    options.dns_names = std::move(dns);
    options.ip_addresses = std::move(ip);
    return options;
}

/// A server's certificate, the name that the client wants, and whether it may be content.
struct Identity {
    std::string situation;
    CertificateOptions certificate;
    std::string host;
    std::string reason; ///< of the refusal; empty: accepted
};

std::vector<Identity> identities() {
    CertificateOptions expired;
    expired.valid_from = -48h;
    expired.valid_until = -1h;
    CertificateOptions future;
    future.valid_from = 1h;
    future.valid_until = 24h;
    CertificateOptions common_name_only = named({}, {"192.0.2.1"});
    common_name_only.common_name = "api.test";
    CertificateOptions wrong_use;
    wrong_use.use = CertificateUse::code_signing;
    CertificateOptions weak;
    weak.key = CertificateKey::rsa_1024;
    CertificateOptions broken;
    broken.break_signature = true;
    CertificateOptions address_as_name = named({"127.0.0.1"});
    address_as_name.common_name = "127.0.0.1";
    return {
        {"good", CertificateOptions(), "localhost", ""},
        {"good, for an address", CertificateOptions(), "127.0.0.1", ""},
        {"good, in capitals", named({"API.test"}), "api.test", ""},
        {"another name", named({"other.test"}), "api.test", "hostname mismatch"},
        {"another address", named({"api.test"}, {"127.0.0.2"}), "127.0.0.1", "IP address mismatch"},
        {"an address written as a name", address_as_name, "127.0.0.1", "IP address mismatch"},
        {"the common name alone", common_name_only, "api.test", "hostname mismatch"},
        {"a wildcard", named({"*.zone.test"}), "api.zone.test", ""},
        {"a wildcard for two labels", named({"*.zone.test"}), "a.api.zone.test", "hostname mismatch"},
        {"a wildcard for a top-level domain", named({"*.test"}), "api.test", "hostname mismatch"},
        {"a wildcard inside a label", named({"a*.zone.test"}), "api.zone.test", "hostname mismatch"},
        {"a wildcard not at the left", named({"api.*.test"}), "api.zone.test", "hostname mismatch"},
        {"expired", expired, "localhost", "certificate has expired"},
        {"not yet valid", future, "localhost", "certificate is not yet valid"},
        {"for code signing", wrong_use, "localhost", "unsuitable certificate purpose"},
        {"a weak key", weak, "localhost", "key too weak"},
        {"a broken signature", broken, "localhost", "signature failure"},
    };
}

/// Sets a variable of the environment for a while.
class Environment {
public:
    Environment(const char* name, const std::string& value) : name_(name) {
        ::setenv(name, value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { ::unsetenv(name_); }

private:
    const char* name_;
};

} // namespace

TEST_CASE("a server must prove who it is before a byte is sent", "[http][https_transport][tls]") {
    for (const Identity& identity : identities()) {
        DYNAMIC_SECTION(identity.situation) {
            HttpsOptions client;
            SandboxOptions server = showing(identity.certificate);
            Sandbox sandbox(server);
            client.tls.ca_pem = sandbox.ca_pem();
            client.resolve_overrides.push_back({identity.host, sandbox.port(), "127.0.0.1"});
            HttpsTransport transport(client, asio_runtime());
            Exchanged get("GET", "https://" + identity.host + ":" + std::to_string(sandbox.port()) +
                                     "/v1/status/200");
            asio::io_context context;
            asio::co_spawn(context, transport.send(get.request, get.call),
                           [&](std::exception_ptr, Exchanged::Outcome outcome) {
                               get.started.outcome.emplace(std::move(outcome));
                           });
            context.run();
            INFO((get.ok() ? "accepted" : get.message()));
            if (identity.reason.empty()) {
                CHECK(get.ok());
            } else {
                REQUIRE(get.kind() == FailureKind::certificate_rejected);
                CHECK(get.reach() == Reach::never_sent);
                CHECK(sandbox.requests().empty());
                CHECK(get.message().find(identity.reason) != std::string::npos);
                CHECK(get.message().find(identity.host) != std::string::npos);
            }
        }
    }
}

TEST_CASE("a chain to an unknown root is rejected, naming what was trusted", "[http][https_transport][tls]") {
    HttpsOptions client;
    client.tls.ca_pem = Certificates().ca_pem();
    SandboxWorld world(SandboxOptions(), client);
    Exchanged get = world.make();
    REQUIRE(world.finish(get).kind() == FailureKind::certificate_rejected);
    CHECK(get.reach() == Reach::never_sent);
    CHECK(get.message().find("unable to get local issuer certificate") != std::string::npos);
    CHECK(get.message().find("PEM text given in the options") != std::string::npos);
    CHECK(world.sandbox.counts().requests == 0);
}

TEST_CASE("without a CA given, SSL_CERT_FILE counts", "[http][https_transport][tls]") {
    const Environment no_directory("SSL_CERT_DIR", "");
    SandboxWorld world;

    SECTION("it is read") {
        const std::string path = "ssl_cert_file_test.pem";
        REQUIRE(Certificates(Certificate::authority(), {Certificate::authority()}).write_ca(path));
        {
            const Environment variable("SSL_CERT_FILE", path);
            world.transport = std::make_unique<HttpsTransport>(HttpsOptions(), asio_runtime());
        }
        std::remove(path.c_str());
        Exchanged get = world.make();
        REQUIRE(world.finish(get).kind() == FailureKind::certificate_rejected);
        CHECK(get.message().find("trusted: " + path) != std::string::npos);
    }
    SECTION("if it cannot be read nobody is trusted, and the error names it") {
        {
            const Environment variable("SSL_CERT_FILE", "/nonexistent/ca.pem");
            world.transport = std::make_unique<HttpsTransport>(HttpsOptions(), asio_runtime());
        }
        Exchanged get = world.make();
        REQUIRE(world.finish(get).kind() == FailureKind::certificate_rejected);
        CHECK(get.message().find("tried: /nonexistent/ca.pem") != std::string::npos);
    }
}

TEST_CASE("a CA that cannot be read is an error at construction", "[http][https_transport][tls]") {
    HttpsOptions options;
    options.tls.ca_file = "/nonexistent/ca.pem";
    CHECK_THROWS_WITH(
        HttpsTransport(options, asio_runtime()),
        ContainsSubstring("TlsOptions.ca_file is /nonexistent/ca.pem (No such file or directory)"));
    options.tls.ca_file.clear();
    options.tls.ca_pem = "no certificate";
    CHECK_THROWS_WITH(HttpsTransport(options, asio_runtime()),
                      ContainsSubstring("TlsOptions.ca_pem is 14 bytes"));
}

TEST_CASE("verification is off only for who says so at length", "[http][https_transport][tls]") {
    HttpsOptions client;
    client.tls.ca_pem = Certificates().ca_pem();
    client.tls.verification = TlsOptions::dangerously_without_verification();
    SandboxWorld world(SandboxOptions(), client);
    Exchanged get = world.make();
    CHECK(world.finish(get).ok());
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, and nothing older", "[http][https_transport][tls]") {
    SandboxOptions server;

    SECTION("1.2") {
        server.tls_versions = TlsVersions::only_1_2;
    }
    SECTION("1.3") {
        server.tls_versions = TlsVersions::only_1_3;
    }
    SECTION("1.1") {
        server.tls_versions = TlsVersions::only_1_1;
    }
    const bool old = server.tls_versions == TlsVersions::only_1_1;
    SandboxWorld world(server);
    for (int i = 0; i < 2; ++i) {
        Exchanged get = world.make();
        world.finish(get);
        CHECK(get.kind() == (old ? FailureKind::tls_failed : FailureKind::none));
        CHECK((old || get.response().exchange().reused == (i > 0)));
    }
}

TEST_CASE("a new connection to a known server says that its handshake was a short one",
          "[http][https_transport][tls]") {
    SandboxOptions server;
    server.tls_versions = GENERATE(TlsVersions::only_1_2, TlsVersions::only_1_3);
    HttpsOptions client;
    client.max_idle_connections = 0;
    client.tls.max_sessions = GENERATE(std::size_t{0}, std::size_t{10});
    SandboxWorld world(server, client);
    for (int i = 0; i < 3; ++i) {
        Exchanged get = world.make();
        REQUIRE(world.finish(get).ok());
        CHECK_FALSE(get.response().exchange().reused);
        CHECK(get.response().exchange().resumed == (client.tls.max_sessions > 0 && i > 0));
    }
}

TEST_CASE("a handshake that fails never sent anything", "[http][https_transport][tls]") {
    const ConnectionFault fault =
        GENERATE(ConnectionFault::reset_after_accept, ConnectionFault::close_after_accept,
                 ConnectionFault::stall_handshake, ConnectionFault::reset_in_handshake,
                 ConnectionFault::close_in_handshake, ConnectionFault::garbage_in_handshake);
    HttpsOptions client;
    client.connect_timeout = 100ms;
    SandboxWorld world(meeting(fault), client);
    Exchanged post = world.make("POST", "/v1/resources");
    INFO(to_string(fault));
    world.finish(post);
    INFO(post.message());
    // a reset may come before connect has returned
    CHECK((post.kind() == FailureKind::tls_failed ||
           (fault == ConnectionFault::reset_after_accept && post.kind() == FailureKind::connect_failed)));
    CHECK(post.reach() == Reach::never_sent);
}

TEST_CASE("an https call to a plain server, and to nobody, never sent anything",
          "[http][https_transport][tls]") {
    SECTION("plain") {
        SandboxOptions server;
        server.plain_http = true;
        HttpsOptions client;
        client.tls.ca_pem = Certificates().ca_pem();
        SandboxWorld world(server, client);
        Exchanged get("GET", "https://127.0.0.1:" + std::to_string(world.sandbox.port()) + "/");
        CHECK(world.finish(get).kind() == FailureKind::tls_failed);
        CHECK(get.reach() == Reach::never_sent);
    }
    SECTION("nobody") {
        SandboxWorld world;
        Exchanged get = world.make();
        world.sandbox.stop();
        CHECK(world.finish(get).kind() == FailureKind::connect_failed);
        CHECK(get.reach() == Reach::never_sent);
        CHECK(get.outcome().error().cause() == std::errc::connection_refused);
    }
}

TEST_CASE("plain http is for loopback, or for who allows it", "[http][https_transport][tls]") {
    SandboxOptions server;
    server.plain_http = true;
    HttpsOptions client;
    client.tls.ca_pem = Certificates().ca_pem();
    client.resolve_overrides.push_back({"ledger.test", 80, "192.0.2.1"});
    SandboxWorld world(server, client);

    SECTION("loopback") {
        Exchanged get = world.make();
        REQUIRE(get.request.url.origin().scheme == "http");
        CHECK(world.finish(get).ok());
    }
    SECTION("elsewhere") {
        const std::string url =
            GENERATE("http://192.0.2.1/", "http://ledger.test/", "http://ledger.example/");
        Exchanged get("GET", url);
        CHECK(world.finish(get).kind() == FailureKind::invalid_request);
        CHECK(get.reach() == Reach::never_sent);
        CHECK(get.message().find("allow_plain_http") != std::string::npos);
    }
}

TEST_CASE("the next address is tried when one does not answer", "[http][https_transport][tls]") {
    SandboxWorld first;
    HttpsOptions client;
    client.tls.ca_pem = first.sandbox.ca_pem();
    // nobody listens on the second loopback address
    client.resolve_overrides.push_back({"localhost", first.sandbox.port(), "127.0.0.2"});
    client.resolve_overrides.push_back({"localhost", first.sandbox.port(), "127.0.0.1"});
    first.transport = std::make_unique<HttpsTransport>(client, asio_runtime());
    Exchanged get = call_by_name(first, "localhost");
    REQUIRE(first.finish(get).ok());
    CHECK(get.response().exchange().remote == "127.0.0.1:" + std::to_string(first.sandbox.port()));
}
