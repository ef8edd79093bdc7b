#include "http/tls_stream.hpp"

#include "http/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {
constexpr int reads_in_a_step = 64; // a data record takes two
} // namespace

TlsStream::TlsStream(const TlsContext& context, const Origin& origin, std::unique_ptr<ByteStream> below)
    : context_(context),
      host_(origin.host),
      peer_(origin.host + ":" + std::to_string(origin.port)),
      below_(std::move(below)),
      link_{.stream = below_.get()},
      session_(context.session(origin.host)) {
    BIO* const bio = make_stream_bio(link_);
    if (bio == nullptr) {
        throw std::bad_alloc();
    }
    SSL_set_bio(session_.get(), bio, bio);
    SSL_set_connect_state(session_.get());
    offered_ = context_.resume(*session_, peer_);
}

asio::awaitable<expected<void, StepFault>> TlsStream::handshake(Watchdog& watchdog) {
    while (watchdog.may_wait()) {
        ERR_clear_error();
        link_.reads_left = reads_in_a_step;
        const int done = SSL_do_handshake(session_.get());
        if (done == 1) {
            co_return expected<void, StepFault>{};
        }
        const int error = SSL_get_error(session_.get(), done);
        const bool wants_read = error == SSL_ERROR_WANT_READ;
        if ((!wants_read && error != SSL_ERROR_WANT_WRITE) || link_.write_error) {
            give_up();
            co_return fail(handshake_fault(error));
        }
        const Watchdog::Watch watch(watchdog, *below_);
        const std::error_code waited =
            co_await below_->wait(wants_read ? Readiness::readable : Readiness::writable);
        if (waited && watchdog.may_wait()) {
            give_up();
            co_return fail(StepFault{FailureKind::tls_failed, waited, "TLS handshake: " + waited.message()});
        }
    }
    give_up();
    co_return fail(StepFault{FailureKind::tls_failed, asio::error::timed_out,
                             "TLS handshake with " + remote() + " did not end within connect_timeout"});
}

/// A ticket may be what the server stumbled over.
void TlsStream::give_up() noexcept {
    broken_ = true;
    if (offered_) {
        context_.forget(peer_);
    }
}

bool TlsStream::resumed() const noexcept {
    return SSL_session_reused(session_.get()) == 1;
}

StepFault TlsStream::handshake_fault(int ssl_error) const {
    const std::error_code cause = take_openssl_error();
    const long verdict = SSL_get_verify_result(session_.get());
    const bool verified = SSL_get_verify_mode(session_.get()) != SSL_VERIFY_NONE;
    if (ssl_error == SSL_ERROR_SSL && verified && verdict != X509_V_OK) {
        return {FailureKind::certificate_rejected, cause,
                "the certificate of " + host_ + " (" + remote() +
                    ") is not accepted: " + X509_verify_cert_error_string(verdict) + "; " + context_.trust()};
    }
    const std::string where = "TLS handshake with " + host_ + " (" + remote() + "): ";
    if (ssl_error == SSL_ERROR_SSL && !link_.read_error && cause.value() != 0) {
        return {FailureKind::tls_failed, cause, where + cause.message()};
    }
    const std::error_code below = link_.read_error ? link_.read_error : link_.write_error;
    return {FailureKind::tls_failed, below,
            where + (below == asio::error::eof ? "the server closed the connection" : below.message())};
}

IoResult TlsStream::read(std::span<char> into) noexcept {
    ERR_clear_error();
    link_.reads_left = reads_in_a_step;
    IoResult result;
    if (SSL_read_ex(session_.get(), into.data(), into.size(), &result.bytes) == 1) {
        return result;
    }
    const int error = SSL_get_error(session_.get(), 0);
    if (error == SSL_ERROR_ZERO_RETURN) {
        result.error = asio::error::eof;
        return result;
    }
    if (error == SSL_ERROR_WANT_READ || (error == SSL_ERROR_WANT_WRITE && !link_.write_error)) {
        read_wants_ = error == SSL_ERROR_WANT_READ ? Readiness::readable : Readiness::writable;
        result.error = IoResult::blocked();
        return result;
    }
    return failed(error);
}

IoResult TlsStream::write(std::string_view bytes) noexcept {
    ERR_clear_error();
    link_.reads_left = reads_in_a_step;
    IoResult result;
    if (SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &result.bytes) == 1) {
        return result;
    }
    const int error = SSL_get_error(session_.get(), 0);
    if (link_.write_error) {
        result.error = link_.write_error;
        return result;
    }
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        result.error = IoResult::blocked();
        return result;
    }
    return failed(error);
}

IoResult TlsStream::failed(int ssl_error) noexcept {
    broken_ = true;
    IoResult result;
    const std::error_code tls = take_openssl_error();
    if (link_.read_error == asio::error::eof) {
        result.error = TlsErrc::truncated;
    } else if (link_.read_error) {
        result.error = link_.read_error;
    } else if (ssl_error == SSL_ERROR_SSL && tls.value() != 0) {
        result.error = tls;
    } else {
        result.error = link_.write_error ? link_.write_error : TlsErrc::truncated;
    }
    return result;
}

asio::awaitable<std::error_code> TlsStream::wait(Readiness readiness) {
    return below_->wait(readiness == Readiness::readable ? read_wants_ : readiness);
}

void TlsStream::say_goodbye() noexcept {
    if (!broken_ && SSL_is_init_finished(session_.get()) == 1) {
        ERR_clear_error();
        SSL_shutdown(session_.get());
        ERR_clear_error();
    }
}

} // namespace backstay::inline BACKSTAY_ABI
