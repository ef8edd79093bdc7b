#pragma once

#include "http/byte_stream.hpp"

#include <backstay/testing/certificates.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace backstay::test {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};

/// A TLS server in memory, and what its clients have shown it.
class TlsPeer {
public:
    explicit TlsPeer(const Certificates& certificates = Certificates(), int version = 0)
        : ca_pem(certificates.ca_pem()), context_(SSL_CTX_new(TLS_server_method())) {
        const std::unique_ptr<BIO, Release<BIO_free>> chain(
            BIO_new_mem_buf(certificates.chain_pem().data(), -1));
        const std::unique_ptr<X509, Release<X509_free>> own(
            PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
        const std::unique_ptr<BIO, Release<BIO_free>> key_text(
            BIO_new_mem_buf(certificates.key_pem().data(), -1));
        const std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>> key(
            PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
        if (SSL_CTX_use_certificate(context_.get(), own.get()) != 1 ||
            SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) {
            throw std::runtime_error("the peer's certificate cannot be used");
        }
        if (version != 0) {
            SSL_CTX_set_min_proto_version(context_.get(), version);
            SSL_CTX_set_max_proto_version(context_.get(), version);
        }
        SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("peer"), 4);
        SSL_CTX_set_app_data(context_.get(), this);
        SSL_CTX_set_alpn_select_cb(
            context_.get(),
            [](SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
               unsigned int size, void* self) {
                static_cast<TlsPeer*>(self)->offered_alpn.assign(reinterpret_cast<const char*>(offered),
                                                                 size);
                *chosen = offered + 1;
                *length = *offered;
                return SSL_TLSEXT_ERR_OK;
            },
            this);
    }

    /// Asks clients for a certificate, and takes any.
    void ask_for_certificate() {
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }

    [[nodiscard]] SSL_CTX* context() const noexcept { return context_.get(); }

    std::string ca_pem;
    int handshakes = 0;
    int resumed = 0;
    std::string offered_alpn;
    std::string client_name; ///< common name of the last client's certificate
    int client_chain = 0;    ///< certificates that it showed

private:
    std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>> context_;
};

/// A client's byte stream to that server.
class TlsPeerStream final : public ByteStream {
public:
    TlsPeerStream(TlsPeer& peer, asio::any_io_executor executor)
        : peer_(peer), executor_(std::move(executor)), ssl_(SSL_new(peer.context())) {
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
    }

    IoResult read(std::span<char> into) noexcept override {
        IoResult result;
        if (BIO_read_ex(SSL_get_wbio(ssl_.get()), into.data(), into.size(), &result.bytes) != 1) {
            result.error = broken_ ? std::error_code(asio::error::eof) : IoResult::blocked();
        }
        return result;
    }
    IoResult write(std::string_view bytes) noexcept override {
        IoResult result;
        BIO_write_ex(SSL_get_rbio(ssl_.get()), bytes.data(), bytes.size(), &result.bytes);
        pump();
        return result;
    }
    asio::awaitable<std::error_code> wait(Readiness) override {
        co_await asio::post(executor_, asio::use_awaitable);
        co_return std::error_code();
    }
    void cancel() noexcept override {}
    [[nodiscard]] const std::string& remote() const noexcept override { return name_; }

private:
    void pump() noexcept {
        if (done_ || broken_) {
            return;
        }
        const int result = SSL_do_handshake(ssl_.get());
        if (result != 1) {
            broken_ = SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
            return;
        }
        done_ = true;
        ++peer_.handshakes;
        peer_.resumed += SSL_session_reused(ssl_.get());
        if (X509* const client = SSL_get0_peer_certificate(ssl_.get())) {
            char name[64] = "";
            X509_NAME_get_text_by_NID(X509_get_subject_name(client), NID_commonName, name, sizeof name);
            peer_.client_name = name;
            peer_.client_chain = sk_X509_num(SSL_get_peer_cert_chain(ssl_.get())) + 1;
        }
    }

    TlsPeer& peer_;
    asio::any_io_executor executor_;
    std::unique_ptr<SSL, Release<SSL_free>> ssl_;
    std::string name_ = "peer";
    bool done_ = false;
    bool broken_ = false;
};

} // namespace backstay::test
