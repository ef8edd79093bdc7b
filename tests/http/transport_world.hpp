#pragma once

#include "support/call_runner.hpp"
#include "testing/memory_stream.hpp"

#include <backstay/core/call_context.hpp>
#include <backstay/http/https_transport.hpp>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace backstay::test {

/// One call through a transport: what it is given, and how it ended.
struct Exchanged {
    using Outcome = expected<Response, TransportError>;

    explicit Exchanged(std::string method = "GET", const std::string& url = "https://ledger.test/v1/orders")
        : request(std::move(method), *Url::parse(url)) {
        request.safe_to_repeat = is_idempotent(request.method);
    }

    Request request;
    CallKey key{};
    Overrides overrides{};
    CallContext call{.now = TimePoint{}, .key = key, .overrides = overrides};
    Started<Outcome> started{};

    [[nodiscard]] bool ended() const { return started.ended(); }
    [[nodiscard]] const Outcome& outcome() const { return started.outcome.value(); }
    [[nodiscard]] bool ok() const { return ended() && outcome().has_value(); }
    [[nodiscard]] const Response& response() const { return outcome().value(); }
    [[nodiscard]] FailureKind kind() const {
        return ok() ? FailureKind::none : outcome().error().failure().kind;
    }
    [[nodiscard]] Reach reach() const { return outcome().error().failure().reach; }
    [[nodiscard]] std::string message() const {
        const auto* const detail = outcome().error().detail();
        return detail != nullptr ? detail->message : std::string();
    }
};

/// A transport whose n-th connection follows the n-th script, in virtual time.
struct MemoryWorld : World {
    explicit MemoryWorld(std::size_t connections, const HttpsOptions& options = HttpsOptions()) {
        for (std::size_t i = 0; i < connections; ++i) {
            scripts.push_back(std::make_shared<MemoryScript>());
        }
        auto made = std::make_unique<MemoryConnector>(scripts);
        connector = made.get();
        transport = std::make_unique<HttpsTransport>(options, runtime, std::move(made));
    }

    void begin(Exchanged& exchanged) {
        start(exchanged.started, transport->send(exchanged.request, exchanged.call));
    }

    /// Begins, and runs until nothing is left to run.
    Exchanged& finish(Exchanged& exchanged) {
        begin(exchanged);
        run();
        return exchanged;
    }

    std::vector<std::shared_ptr<MemoryScript>> scripts;
    MemoryConnector* connector = nullptr; ///< the transport's
    std::unique_ptr<HttpsTransport> transport;
};

inline const std::string good_reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A reply in those pieces, after which the connection does that.
inline MemoryReply reply(std::initializer_list<std::string> pieces,
                         MemoryReply::Then then = MemoryReply::Then::stay_open) {
    MemoryReply made;
    made.pieces = pieces;
    made.then = then;
    return made;
}

/// No reply at all: the connection is seen to have ended when the request has been written.
inline MemoryReply nothing_but(MemoryReply::Then then) {
    return reply({}, then);
}

} // namespace backstay::test
