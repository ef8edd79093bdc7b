#include <backstay/http/redirect_transport.hpp>

#include <asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {
namespace {

using Outcome = expected<Response, TransportError>;

void validate(const RedirectOptions& options) {
    if (options.max_redirects < 1 || options.max_redirects > 20) {
        throw std::invalid_argument("RedirectOptions.max_redirects is " +
                                    std::to_string(options.max_redirects) + ", allowed is 1 to 20");
    }
}

bool leads_elsewhere(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Where the reply leads; nothing when that is not to be followed.
std::optional<Url> destination(const Request& request, const Response& reply) {
    if (!leads_elsewhere(reply.status())) {
        return std::nullopt;
    }
    const Field* location = nullptr;
    for (const Field& field : reply.fields()) {
        if (same_field_name(field.name, "Location")) {
            if (location != nullptr) {
                return std::nullopt;
            }
            location = &field;
        }
    }
    auto url = location != nullptr ? request.url.resolve(location->value) : fail(std::string());
    if (!url || (request.url.origin().secure() && !url->origin().secure())) {
        return std::nullopt;
    }
    return std::move(*url);
}

bool becomes_get(std::string_view method, int status) noexcept {
    return status == 303 ? method != "GET" && method != "HEAD"
                         : (status == 301 || status == 302) && method == "POST";
}

void remove_body(Request& request) {
    request.method = "GET";
    request.body.clear();
    request.producer = {};
    request.safe_to_repeat = true;
    for (const char* name : {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location",
                             "Content-Range", "Digest", "Content-Digest", "Repr-Digest", "Idempotency-Key"}) {
        request.fields.remove(name);
    }
}

void remove_credentials(Request& request, const RedirectOptions& options) {
    const Fields all = request.fields;
    for (const Field& field : all) {
        if (is_secret_field(field.name, options.credential_fields)) {
            request.fields.remove(field.name);
        }
    }
}

/// The way that one exchange has taken through several servers.
class Way {
public:
    Way(const Request& first, const RedirectOptions& options) noexcept : first_(first), options_(options) {}

    [[nodiscard]] const Request& request() const noexcept { return own_ ? *own_ : first_; }
    [[nodiscard]] int hops() const noexcept { return hops_; }

    void follow(const Response& reply, Url url) {
        if (!own_) {
            own_ = first_;
        }
        if (becomes_get(own_->method, reply.status())) {
            remove_body(*own_);
            became_get_ = true;
        }
        if (url.origin() != own_->url.origin()) {
            remove_credentials(*own_, options_);
        }
        own_->url = std::move(url);
        ++hops_;
    }

    [[nodiscard]] TransportError too_many(const Response& reply) const {
        const Failure failure{.kind = FailureKind::too_many_redirects, .reach = Reach::maybe_processed};
        return told(TransportError(failure, {},
                                   {.message = "more than " + std::to_string(options_.max_redirects) +
                                               " redirects, the last from " + request().url.redacted(),
                                    .exchange = reply.exchange()}));
    }

    /// Adds to an outcome what only the way knows.
    [[nodiscard]] Outcome arrived(Outcome outcome) const {
        if (hops_ == 0) {
            return outcome;
        }
        if (!outcome) {
            return fail(told(outcome.error()));
        }
        outcome->mark_redirected(hops_, request().url.redacted());
        if (became_get_ && !outcome->ok()) {
            Failure failure = outcome->facts();
            failure.reach = Reach::maybe_processed; // the GET was turned away, what it followed was not
            outcome->refine(failure);
        }
        return outcome;
    }

private:
    [[nodiscard]] TransportError told(const TransportError& error) const {
        Failure failure = error.failure();
        TransportError::Detail detail =
            error.detail() != nullptr ? *error.detail() : TransportError::Detail();
        if (hops_ > 0) {
            failure.reach = Reach::maybe_processed;
            detail.exchange.redirects = hops_;
            detail.exchange.final_url = request().url.redacted();
        }
        return TransportError(failure, error.cause(), std::move(detail));
    }

    const Request& first_;
    const RedirectOptions& options_;
    std::optional<Request> own_;
    int hops_ = 0;
    bool became_get_ = false;
};

Outcome thrown(bool hopped) noexcept {
    Failure failure{.kind = FailureKind::exception,
                    .reach = hopped ? Reach::maybe_processed : Reach::never_sent};
    try {
        throw;
    } catch (const std::bad_alloc&) {
        failure.kind = FailureKind::out_of_memory;
    } catch (...) { // NOLINT(bugprone-empty-catch): it stays `exception`
    }
    return fail(TransportError(failure));
}

} // namespace

RedirectTransport::RedirectTransport(std::shared_ptr<Transport> inner, RedirectOptions options)
    : inner_(std::move(inner)), options_(std::move(options)) {
    validate(options_);
}

asio::awaitable<Outcome> RedirectTransport::send(const Request& request, CallContext& call) {
    // a cancelled call is a value; what the caller's own next co_await does is the caller's setting
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    // for a transport that goes before its calls have ended
    const std::shared_ptr<Transport> inner = inner_;
    const RedirectOptions options = options_;
    Way way(request, options);
    Outcome outcome = fail(TransportError{});
    bool sent = false;
    try {
        for (;;) {
            outcome = co_await inner->send(way.request(), call);
            sent = true;
            std::optional<Url> next = outcome ? destination(way.request(), *outcome) : std::nullopt;
            if (!next) {
                outcome = way.arrived(std::move(outcome));
                break;
            }
            if (way.hops() == options.max_redirects) {
                outcome = fail(way.too_many(*outcome));
                break;
            }
            way.follow(*outcome, std::move(*next));
        }
    } catch (...) {
        outcome = thrown(sent);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return outcome;
}

} // namespace backstay::inline BACKSTAY_ABI
