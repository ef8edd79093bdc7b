#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct ssl_session_st;

namespace backstay::inline BACKSTAY_ABI {

struct BACKSTAY_EXPORT TlsTicketDelete {
    void operator()(ssl_session_st* session) const noexcept;
};
/// What shortens a later handshake with the same server: a TLS 1.3 ticket, or a TLS 1.2 session.
using TlsTicket = std::unique_ptr<ssl_session_st, TlsTicketDelete>;

/// Keeps tickets by peer. A handshake that resumes does not look at the certificate again, so all who share a
/// cache share one verification, one client certificate and one ALPN: it belongs to one `TlsContext`. What
/// else a ticket depends on, the peer's name and port, is the key.
/// Thread safety: any thread.
/// Source: RFC 8446 section 4.6.1 and appendix C.4 (a ticket is used once); RFC 5246 section 7.3.
class BACKSTAY_EXPORT TlsSessionCache {
public:
    static constexpr std::size_t max_per_peer = 8;

    /// Keeps nothing when `max_tickets` is zero.
    explicit TlsSessionCache(std::size_t max_tickets) noexcept : max_tickets_(max_tickets) {}

    /// Keeps a ticket; beyond the limits the oldest goes, of this peer or of all. Errors: throws
    /// `std::bad_alloc`.
    void put(const std::string& peer, TlsTicket ticket);

    /// Takes the latest ticket that still counts; null when there is none. One of TLS 1.2 stays, to be used
    /// again. `now` is wall time: neither a ticket nor a server's certificate outlives its own.
    [[nodiscard]] TlsTicket take(std::string_view peer, std::time_t now) noexcept;

    /// Forgets a peer's tickets: a handshake that offered one has failed.
    void forget(std::string_view peer) noexcept;

    [[nodiscard]] std::size_t size() const noexcept;

private:
    struct Kept {
        TlsTicket ticket{};
        std::uint64_t number = 0; ///< counts up from ticket to ticket
    };
    using Peers = std::map<std::string, std::vector<Kept>, std::less<>>; // none is empty
    void drop_oldest() noexcept;

    const std::size_t max_tickets_;
    mutable std::mutex mutex_; ///< for all that follows
    Peers peers_;
    std::size_t size_ = 0;
    std::uint64_t number_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI
