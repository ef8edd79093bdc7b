#include "http/tls_stream.hpp"

#include "http/tls_peer.hpp"
#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>

using namespace backstay;
using namespace backstay::test;

namespace {

using Shaken = expected<void, StepFault>;

TlsOptions trusting(const TlsPeer& peer) {
    TlsOptions options;
    options.ca_pem = peer.ca_pem;
    return options;
}

Origin https(std::string host, std::uint16_t port = 443) {
    return {"https", std::move(host), port};
}

asio::awaitable<Shaken> shake(World& world, TlsStream& stream) {
    Exchanged exchanged;
    Watchdog watchdog(world.runtime, co_await asio::this_coro::executor, exchanged.call,
                      co_await asio::this_coro::cancellation_state);
    co_return co_await stream.handshake(watchdog);
}

/// Connects once, reads what the server sends on its own account (tickets), and closes.
struct Visit {
    Visit(TlsPeer& peer, const TlsContext& context, const Origin& origin = https("localhost")) {
        World world;
        TlsStream stream(context, origin,
                         std::make_unique<TlsPeerStream>(peer, world.context.get_executor()));
        shaken = run(world, shake(world, stream));
        resumed = stream.resumed();
        char nothing[16];
        static_cast<void>(stream.read(nothing));
        stream.say_goodbye();
    }

    Shaken shaken{};
    bool resumed = false;
};

} // namespace

TEST_CASE("http/1.1 and nothing else is offered by ALPN", "[http][tls_stream]") {
    TlsPeer peer;
    const TlsContext context(trusting(peer));
    REQUIRE(Visit(peer, context).shaken);
    CHECK(peer.offered_alpn == std::string("\x08http/1.1"));
}

TEST_CASE("the second connection to a server resumes the session of the first", "[http][tls_stream]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    TlsPeer peer(Certificates(), version);
    const TlsContext context(trusting(peer));
    for (int i = 0; i < 4; ++i) {
        const Visit visit(peer, context);
        REQUIRE(visit.shaken);
        CHECK(visit.resumed == (i > 0));
    }
    CHECK(peer.handshakes == 4);
    CHECK(peer.resumed == 3);
}

TEST_CASE("a session is resumed with the same host and port only", "[http][tls_stream]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    CertificateOptions both;
    both.dns_names = {"a.test", "b.test"};
    TlsPeer peer(Certificates(both), version);
    const TlsContext context(trusting(peer));
    REQUIRE(Visit(peer, context, https("a.test")).shaken);
    CHECK_FALSE(Visit(peer, context, https("b.test")).resumed);
    CHECK_FALSE(Visit(peer, context, https("a.test", 8443)).resumed);
    CHECK(Visit(peer, context, https("a.test")).resumed);
}

TEST_CASE("a name that the certificate does not have is not let in by another name's session",
          "[http][tls_stream]") {
    TlsPeer peer;
    const TlsContext context(trusting(peer));
    REQUIRE(Visit(peer, context).shaken);
    const Visit other(peer, context, https("elsewhere.test"));
    REQUIRE_FALSE(other.shaken);
    CHECK(other.shaken.error().kind == FailureKind::certificate_rejected);
}

TEST_CASE("a session that was made without verification lets nobody in who verifies", "[http][tls_stream]") {
    TlsPeer peer;
    TlsOptions careless;
    careless.verification = TlsOptions::dangerously_without_verification();
    const TlsContext without(careless);
    REQUIRE(Visit(peer, without).shaken);
    REQUIRE(Visit(peer, without).resumed);
    TlsOptions elsewhere;
    elsewhere.ca_pem = Certificates().ca_pem();
    const TlsContext with(elsewhere);
    const Visit visit(peer, with);
    REQUIRE_FALSE(visit.shaken);
    CHECK(visit.shaken.error().kind == FailureKind::certificate_rejected);
}

TEST_CASE("sessions are resumed only if the options say so", "[http][tls_stream]") {
    TlsPeer peer;
    TlsOptions options = trusting(peer);
    options.max_sessions = 0;
    const TlsContext context(options);
    REQUIRE(Visit(peer, context).shaken);
    CHECK_FALSE(Visit(peer, context).resumed);
}

TEST_CASE("a server that has forgotten the session gets a whole handshake", "[http][tls_stream]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const Certificates certificates;
    TlsPeer before(certificates, version);
    const TlsContext context(trusting(before));
    REQUIRE(Visit(before, context).shaken);
    TlsPeer after(certificates, version); // with other ticket keys
    const Visit visit(after, context);
    REQUIRE(visit.shaken);
    CHECK_FALSE(visit.resumed);
    CHECK(after.handshakes == 1);
}

TEST_CASE("after a handshake that failed the next begins from nothing", "[http][tls_stream]") {
    TlsPeer peer(Certificates(), TLS1_2_VERSION);
    const TlsContext context(trusting(peer));
    REQUIRE(Visit(peer, context).shaken);
    TlsPeer strange; // of another root
    REQUIRE_FALSE(Visit(strange, context).shaken);
    CHECK_FALSE(Visit(peer, context).resumed);
    CHECK(Visit(peer, context).resumed);
}

TEST_CASE("a client certificate is shown with its issuers to a server that asks", "[http][tls_stream]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const Certificate root = Certificate::authority();
    const Certificate middle = root.issue([] {
        CertificateOptions options;
        options.use = CertificateUse::authority;
        options.common_name = "middle";
        return options;
    }());
    CertificateOptions mine;
    mine.use = CertificateUse::client;
    mine.common_name = "orders-service";
    const Certificate client = middle.issue(mine);
    TlsPeer peer(Certificates(), version);
    TlsOptions options = trusting(peer);
    options.client_certificate_pem = client.pem() + middle.pem();
    options.client_key_pem = client.key_pem();
    const TlsContext context(options);

    SECTION("that asks") {
        peer.ask_for_certificate();
        REQUIRE(Visit(peer, context).shaken);
        CHECK(peer.client_name == "orders-service");
        CHECK(peer.client_chain >= 2);
    }
    SECTION("and to no other") {
        REQUIRE(Visit(peer, context).shaken);
        CHECK(peer.client_name.empty());
    }
}
