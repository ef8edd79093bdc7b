#include "http/tls_session_cache.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

std::time_t made_at(const SSL_SESSION& session) noexcept {
#if OPENSSL_VERSION_NUMBER >= 0x30300000L // where the other one is deprecated, as of 3.4
    return SSL_SESSION_get_time_ex(&session);
#else
    return static_cast<std::time_t>(SSL_SESSION_get_time(&session));
#endif
}

bool counts(const SSL_SESSION& session, std::time_t now) noexcept {
    const auto made = made_at(session);
    auto lifetime = static_cast<std::time_t>(SSL_SESSION_get_timeout(&session));
    if (const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(&session); hint != 0) {
        lifetime = std::min(lifetime, static_cast<std::time_t>(hint));
    }
    if (SSL_SESSION_is_resumable(&session) != 1 || now < made || now - made >= lifetime) {
        return false;
    }
    const X509* const peer = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(&session));
    return peer == nullptr || X509_cmp_time(X509_get0_notAfter(peer), &now) > 0;
}

/// A ticket of TLS 1.3 that is used twice lets an onlooker link the connections.
bool used_once(const SSL_SESSION& session) noexcept {
    return SSL_SESSION_get_protocol_version(&session) >= TLS1_3_VERSION;
}

} // namespace

void TlsTicketDelete::operator()(ssl_session_st* session) const noexcept {
    SSL_SESSION_free(session);
}

void TlsSessionCache::put(const std::string& peer, TlsTicket ticket) {
    if (max_tickets_ == 0 || !ticket) {
        return;
    }
    const std::lock_guard lock(mutex_);
    const auto place = peers_.try_emplace(peer).first;
    std::vector<Kept>& kept = place->second;
    try {
        kept.push_back({std::move(ticket), ++number_});
    } catch (...) {
        if (kept.empty()) {
            peers_.erase(place);
        }
        throw;
    }
    ++size_;
    const std::size_t limit = used_once(*kept.back().ticket) ? max_per_peer : 1; // of TLS 1.2 one serves all
    while (kept.size() > limit) {
        kept.erase(kept.begin());
        --size_;
    }
    while (size_ > max_tickets_) {
        drop_oldest();
    }
}

TlsTicket TlsSessionCache::take(std::string_view peer, std::time_t now) noexcept {
    const std::lock_guard lock(mutex_);
    const auto place = peers_.find(peer);
    if (place == peers_.end()) {
        return {};
    }
    std::vector<Kept>& kept = place->second;
    TlsTicket found;
    while (!found && !kept.empty()) {
        SSL_SESSION* const latest = kept.back().ticket.get();
        if (counts(*latest, now) && !used_once(*latest) && SSL_SESSION_up_ref(latest) == 1) {
            found.reset(latest);
            break;
        }
        if (counts(*latest, now)) {
            found = std::move(kept.back().ticket);
        }
        kept.pop_back();
        --size_;
    }
    if (kept.empty()) {
        peers_.erase(place);
    }
    return found;
}

void TlsSessionCache::forget(std::string_view peer) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto place = peers_.find(peer); place != peers_.end()) {
        size_ -= place->second.size();
        peers_.erase(place);
    }
}

void TlsSessionCache::drop_oldest() noexcept {
    const auto oldest = std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
        return a.second.front().number < b.second.front().number;
    });
    oldest->second.erase(oldest->second.begin());
    --size_;
    if (oldest->second.empty()) {
        peers_.erase(oldest);
    }
}

std::size_t TlsSessionCache::size() const noexcept {
    const std::lock_guard lock(mutex_);
    return size_;
}

} // namespace backstay::inline BACKSTAY_ABI
