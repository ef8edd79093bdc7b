#pragma once

#include "http/transport_world.hpp"

#include <backstay/http/https_transport.hpp>
#include <backstay/pipeline/asio_runtime.hpp>
#include <backstay/testing/sandbox.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <memory>
#include <string>
#include <utility>

namespace backstay::test {

/// A transport and a real server on loopback, with sockets and real time.
struct SandboxWorld {
    explicit SandboxWorld(SandboxOptions server = SandboxOptions(), HttpsOptions client = HttpsOptions())
        : sandbox(std::move(server)) {
        if (client.tls.ca_pem.empty() && client.tls.ca_file.empty()) {
            client.tls.ca_pem = sandbox.ca_pem();
        }
        transport = std::make_unique<HttpsTransport>(client, asio_runtime());
    }

    [[nodiscard]] Exchanged make(std::string method = "GET",
                                 const std::string& path = "/v1/status/200") const {
        return Exchanged(std::move(method), sandbox.url() + path);
    }

    void begin(Exchanged& exchanged) {
        asio::co_spawn(
            context, transport->send(exchanged.request, exchanged.call),
            asio::bind_cancellation_slot(exchanged.started.cancel.slot(),
                                         [&exchanged](std::exception_ptr error, Exchanged::Outcome outcome) {
                                             exchanged.started.thrown = error;
                                             if (!error) {
                                                 exchanged.started.outcome.emplace(std::move(outcome));
                                             }
                                         }));
    }

    /// Begins, and runs until the context has nothing left to do.
    Exchanged& finish(Exchanged& exchanged) {
        begin(exchanged);
        context.restart();
        context.run();
        return exchanged;
    }

    Sandbox sandbox;
    asio::io_context context{1};
    std::unique_ptr<HttpsTransport> transport;
};

/// A server that does this to each request.
inline SandboxOptions playing(FaultStep step) {
    SandboxOptions options;
    FaultRoute route;
    route.steps.push_back(std::move(step));
    route.then = FaultRoute::Then::last;
    options.script.routes.push_back(std::move(route));
    return options;
}

} // namespace backstay::test
