#include "http/tls_session_cache.hpp"

#include "http/tls_peer.hpp"
#include "support/catch.hpp"

#include <backstay/core/random.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace backstay;
using namespace backstay::test;

namespace {

void set_made(SSL_SESSION& session, std::time_t at) {
#if OPENSSL_VERSION_NUMBER >= 0x30300000L // where the other one is deprecated, as of 3.4
    SSL_SESSION_set_time_ex(&session, at);
#else
    SSL_SESSION_set_time(&session, static_cast<long>(at));
#endif
}

constexpr std::time_t noon = 1'000'000;

/// A ticket that says its number.
TlsTicket ticket(unsigned char number, int version = TLS1_3_VERSION, std::time_t made = noon) {
    TlsTicket session(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(session.get(), version);
    SSL_SESSION_set1_id(session.get(), &number, 1);
    set_made(*session, made);
    SSL_SESSION_set_timeout(session.get(), 100);
    return session;
}

/// -1: none.
int number(const TlsTicket& session) {
    if (!session) {
        return -1;
    }
    unsigned int size = 0;
    return SSL_SESSION_get_id(session.get(), &size)[0];
}

/// A session out of a real handshake, for its certificate.
TlsTicket earned(const TlsPeer& peer) {
    const std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const std::unique_ptr<SSL, Release<SSL_free>> client(SSL_new(context.get()));
    const std::unique_ptr<SSL, Release<SSL_free>> server(SSL_new(peer.context()));
    BIO* near = nullptr;
    BIO* far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client.get(), near, near);
    SSL_set_bio(server.get(), far, far);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 10; ++i) {
        SSL_do_handshake(client.get());
        SSL_do_handshake(server.get());
    }
    return TlsTicket(SSL_SESSION_dup(SSL_get0_session(client.get())));
}

} // namespace

TEST_CASE("a ticket of TLS 1.3 is used once, the latest first", "[http][tls_session_cache]") {
    TlsSessionCache cache(10);
    cache.put("a:443", ticket(1));
    cache.put("a:443", ticket(2));
    CHECK(number(cache.take("a:443", noon)) == 2);
    CHECK(number(cache.take("a:443", noon)) == 1);
    CHECK(number(cache.take("a:443", noon)) == -1);
    CHECK(cache.size() == 0);
}

TEST_CASE("a session of TLS 1.2 is used again, and the latest replaces it", "[http][tls_session_cache]") {
    TlsSessionCache cache(10);
    cache.put("a:443", ticket(1, TLS1_2_VERSION));
    CHECK(number(cache.take("a:443", noon)) == 1);
    CHECK(number(cache.take("a:443", noon)) == 1);
    cache.put("a:443", ticket(2, TLS1_2_VERSION));
    CHECK(cache.size() == 1);
    CHECK(number(cache.take("a:443", noon)) == 2);
}

TEST_CASE("tickets are another peer's business", "[http][tls_session_cache]") {
    TlsSessionCache cache(10);
    cache.put("a:443", ticket(1));
    CHECK(number(cache.take("a:8443", noon)) == -1);
    CHECK(number(cache.take("b:443", noon)) == -1);
    cache.forget("b:443");
    cache.forget("a:443");
    CHECK(number(cache.take("a:443", noon)) == -1);
}

TEST_CASE("a ticket counts for its own time only, and not before it was made", "[http][tls_session_cache]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    TlsSessionCache cache(10);
    cache.put("a:443", ticket(1, version));
    SECTION("in time") {
        CHECK(number(cache.take("a:443", noon + 99)) == 1);
    }
    SECTION("too late") {
        CHECK(number(cache.take("a:443", noon + 100)) == -1);
        CHECK(cache.size() == 0);
    }
    SECTION("the clock was put back") {
        CHECK(number(cache.take("a:443", noon - 1)) == -1);
    }
}

TEST_CASE("a session does not outlive the certificate for which it was verified",
          "[http][tls_session_cache]") {
    TlsPeer peer; // good for another day
    const std::time_t now = std::time(nullptr);
    for (const int hours : {23, 25}) {
        TlsSessionCache cache(10);
        TlsTicket session = earned(peer);
        SSL_SESSION_set_timeout(session.get(), 7 * 24 * 3600);
        set_made(*session, now + (hours - 1) * 3600L);
        cache.put("a:443", std::move(session));
        CHECK((cache.take("a:443", now + hours * 3600L) != nullptr) == (hours == 23));
    }
}

TEST_CASE("a flood of tickets keeps the latest of a peer, and the oldest of all goes first",
          "[http][tls_session_cache]") {
    TlsSessionCache cache(10);
    cache.put("a:443", ticket(100));
    for (unsigned char i = 0; i < 50; ++i) {
        cache.put("b:443", ticket(i));
    }
    CHECK(cache.size() == 1 + TlsSessionCache::max_per_peer);
    CHECK(number(cache.take("b:443", noon)) == 49);
    for (const char* const peer : {"c:443", "d:443", "e:443"}) {
        cache.put(peer, ticket(1));
    }
    CHECK(cache.size() == 10);
    CHECK(number(cache.take("a:443", noon)) == -1);
}

TEST_CASE("with room for none nothing is kept", "[http][tls_session_cache]") {
    TlsSessionCache cache(0);
    cache.put("a:443", ticket(1));
    CHECK(cache.size() == 0);
}

TEST_CASE("the cache gives what a plain list of tickets would", "[http][tls_session_cache][model]") {
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        Random random(seed);
        TlsSessionCache cache(5);
        std::deque<std::pair<std::string, int>> model; // in order of arrival
        for (unsigned char i = 0; i < 20; ++i) {
            const std::string peer = std::to_string(random.next() % 3);
            const auto latest = std::find_if(model.rbegin(), model.rend(),
                                             [&](const auto& kept) { return kept.first == peer; });
            const auto drawn = random.next() % 8;
            if (drawn < 4) {
                cache.put(peer, ticket(i));
                model.emplace_back(peer, i);
                if (model.size() > 5) {
                    model.pop_front();
                }
            } else if (drawn < 7) {
                REQUIRE(number(cache.take(peer, noon)) == (latest == model.rend() ? -1 : latest->second));
                if (latest != model.rend()) {
                    model.erase(std::next(latest).base());
                }
            } else {
                cache.forget(peer);
                std::erase_if(model, [&](const auto& kept) { return kept.first == peer; });
            }
            REQUIRE(cache.size() == model.size());
        }
    }
}

TEST_CASE("threads put and take, and no ticket of TLS 1.3 is given twice",
          "[http][tls_session_cache][threads]") {
    TlsSessionCache cache(64);
    std::array<std::atomic<int>, 256> given{};
    for (unsigned char i = 0; i < 8; ++i) {
        for (unsigned char k = 0; k < 8; ++k) {
            cache.put(std::to_string(i), ticket(static_cast<unsigned char>(i * 8 + k)));
        }
    }
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&cache, &given, seed] {
            Random random(seed);
            for (int i = 0; i < 85'000; ++i) {
                const std::string peer = std::to_string(random.next() % 8);
                if (const int taken = number(cache.take(peer, noon)); taken >= 0) {
                    given[static_cast<std::size_t>(taken)].fetch_add(1);
                }
                cache.put("12-" + peer, ticket(200, TLS1_2_VERSION));
                static_cast<void>(cache.take("12-" + peer, noon));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (std::size_t i = 0; i < 64; ++i) {
        CHECK(given[i].load() <= 1);
    }
    CHECK(cache.size() <= 64);
}
