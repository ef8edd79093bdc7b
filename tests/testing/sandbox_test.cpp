#include <backstay/testing/sandbox.hpp>

#include "support/catch.hpp"
#include "testing/support/temp_file.hpp"
#include "testing/support/test_client.hpp"

#include <asio/post.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <thread>
#include <vector>

using namespace backstay;
using namespace std::chrono_literals;
using test::Client;

TEST_CASE("the guide's API answers over TLS", "[sandbox]") {
    const Sandbox sandbox;
    CHECK(sandbox.url() == "https://127.0.0.1:" + std::to_string(sandbox.port()));
    Client client(sandbox);
    REQUIRE_FALSE(client.handshake_error());
    const auto reply = client.ask("GET", "/v1/resources/12345");
    CHECK(reply.status == 200);
    CHECK(reply.head.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CHECK(reply.field("Content-Type") == "application/json");
    CHECK(reply.field("X-Request-Id") == "req-000001");
    CHECK(reply.body ==
          R"({"data":{"id":"12345","name":"Example Resource","created_at":"2024-01-15T10:30:00Z"}})");
}

TEST_CASE("every status of the guide comes over the wire, all on one connection", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    for (const int status :
         {200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504}) {
        const auto reply = client.ask("GET", "/v1/status/" + std::to_string(status));
        INFO(status);
        CHECK(reply.status == status);
        CHECK(reply.body.empty() == (status == 202 || status == 204 || status == 304));
        CHECK(reply.field("Content-Length").empty() == (status == 204 || status == 304));
    }
    CHECK(sandbox.counts().connections == 1);
    CHECK(sandbox.counts().requests == 16);
}

TEST_CASE("HEAD has the length of the body and no body", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    const auto head = client.ask("HEAD", "/v1/resources/12345");
    const auto whole = client.ask("GET", "/v1/resources/12345");
    CHECK(head.status == 200);
    CHECK(head.field("Content-Length") == std::to_string(whole.body.size()));
    CHECK(whole.status == 200);
}

TEST_CASE("a nonce is echoed and a request id is always there", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    const auto reply = client.ask("GET", "/v1/status/503", "", "X-Nonce: n-17\r\n");
    CHECK(reply.field("X-Nonce") == "n-17");
    CHECK(reply.field("X-Request-Id") == "req-000001");
    CHECK(client.ask("GET", "/nowhere").field("X-Request-Id") == "req-000002");
}

TEST_CASE("requests that arrive together are answered in order", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    client.send(Client::request("POST", "/v1/resources", R"({"name":"A"})") +
                Client::request("GET", "/v1/resources/67890") + Client::request("GET", "/v1/status/404"));
    CHECK(client.reply().status == 201);
    CHECK(client.reply().status == 200);
    CHECK(client.reply().status == 404);
    const auto seen = sandbox.requests();
    REQUIRE(seen.size() == 3);
    CHECK(seen[1].connection == 1);
    CHECK(seen[1].exchange == 2);
}

TEST_CASE("a chunked request is understood, and 100 Continue is said to those who wait for it", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    client.send("POST /v1/resources HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                "Expect: 100-continue\r\n\r\n");
    CHECK(client.reply().head == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("5\r\n{\"nam\r\n");
    client.send("8\r\ne\": \"A\"}\r\n0\r\n\r\n");
    CHECK(client.reply().status == 201);
    CHECK(sandbox.requests().at(0).body == R"({"name": "A"})");
}

TEST_CASE("a client that asks for it gets its connection closed", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    const auto reply = client.ask("GET", "/v1/resources", "", "Connection: close\r\n");
    CHECK(reply.field("Connection") == "close");
    CHECK(client.read_all().empty());
    CHECK(client.error() == asio::error::eof);
}

TEST_CASE("what is no request is refused and logged as such", "[sandbox]") {
    const Sandbox sandbox;
    Client client(sandbox);
    client.send("what?\r\n\r\n");
    const auto reply = client.reply();
    CHECK(reply.status == 400);
    CHECK(reply.field("Connection") == "close");
    Client without_host(sandbox);
    without_host.send("GET / HTTP/1.1\r\n\r\n");
    CHECK(without_host.reply().status == 400);
    CHECK(sandbox.requests().at(0).status == 400);
}

TEST_CASE("heads and bodies over their limits are refused", "[sandbox]") {
    SandboxOptions options;
    options.max_head_bytes = 200;
    options.max_body_bytes = 20;
    const Sandbox sandbox(options);
    Client wordy(sandbox);
    CHECK(wordy.ask("GET", "/v1/resources", "", "X: " + std::string(300, 'x') + "\r\n").status == 431);
    Client heavy(sandbox);
    CHECK(heavy.ask("POST", "/v1/resources", std::string(21, ' ')).status == 413);
    Client fitting(sandbox);
    CHECK(fitting.ask("POST", "/v1/resources", R"({"name":"12345678"})" + std::string(1, ' ')).status == 201);
}

TEST_CASE("connections beyond the limit are closed at once", "[sandbox]") {
    SandboxOptions options;
    options.max_connections = 1;
    const Sandbox sandbox(options);
    Client first(sandbox);
    CHECK(first.ask("GET", "/v1/resources").status == 200);
    Client second(sandbox);
    CHECK(second.handshake_error());
    CHECK(first.ask("GET", "/v1/resources").status == 200);
}

TEST_CASE("the log has no secrets", "[sandbox]") {
    const test::TempFile file;
    SandboxOptions options;
    options.api.token = "top-secret";
    options.log_file = file.path();
    const Sandbox sandbox(options);
    Client client(sandbox);
    CHECK(client
              .ask("POST", "/v1/resources?a=b", R"({"name":"A"})",
                   "Authorization: Bearer top-secret\r\nCookie: top-secret\r\nX-Attempt-Id: a-1\r\n")
              .status == 201);
    const auto seen = sandbox.requests();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].number == 1);
    CHECK(seen[0].method == "POST");
    CHECK(seen[0].target == "/v1/resources?a=b");
    CHECK(*seen[0].fields.find("authorization") == "***");
    CHECK(*seen[0].fields.find("Cookie") == "***");
    CHECK(seen[0].body_bytes == 12);
    CHECK(seen[0].status == 201);
    CHECK(seen[0].fault.empty());
    CHECK(seen[0].attempt_id == "a-1");
    CHECK(seen[0].request_id == "req-000001");
    CHECK(file.content() == to_json_line(seen[0]) + "\n");
    CHECK(file.content().find("top-secret") == std::string::npos);
}

TEST_CASE("a client that does not trust the certificate is not in the log", "[sandbox]") {
    const test::TempFile file;
    SandboxOptions options;
    options.log_file = file.path();
    options.tls_versions = GENERATE(TlsVersions::only_1_2, TlsVersions::only_1_3);
    Sandbox sandbox(options);
    {
        Client stranger(sandbox.port(), Certificates().ca_pem());
        CHECK(stranger.handshake_error());
    }
    Client plain = Client::bare(sandbox);
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    plain.read_all();
    sandbox.stop();
    CHECK(sandbox.counts().handshakes_failed == 2);
    CHECK(sandbox.requests().empty());
    CHECK(file.content().empty());
}

TEST_CASE("TLS speaks the versions asked for, and http/1.1", "[sandbox]") {
    SandboxOptions options;
    const bool newest = GENERATE(false, true);
    options.tls_versions = newest ? TlsVersions::only_1_3 : TlsVersions::only_1_2;
    const Sandbox sandbox(options);
    Client client = Client::bare(sandbox);
    asio::ssl::context context(asio::ssl::context::tls_client);
    asio::ssl::stream<asio::ip::tcp::socket&> tls(client.socket(), context);
    const std::string offered("\x02h2\x08http/1.1");
    SSL_set_alpn_protos(tls.native_handle(), reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
    tls.handshake(asio::ssl::stream_base::client);
    CHECK(SSL_version(tls.native_handle()) == (newest ? TLS1_3_VERSION : TLS1_2_VERSION));
    const unsigned char* protocol = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(tls.native_handle(), &protocol, &length);
    CHECK(std::string(reinterpret_cast<const char*>(protocol), length) == "http/1.1");
}

TEST_CASE("a client certificate can be demanded", "[sandbox]") {
    SandboxOptions options;
    options.client_ca_pem = Certificate::authority().pem();
    options.tls_versions = TlsVersions::only_1_2;
    const Sandbox sandbox(options);
    Client client(sandbox);
    CHECK(client.handshake_error());
}

TEST_CASE("without TLS the same API answers", "[sandbox]") {
    SandboxOptions options;
    options.plain_http = true;
    const Sandbox sandbox(options);
    CHECK(sandbox.url().starts_with("http://127.0.0.1:"));
    CHECK(sandbox.ca_pem().empty());
    CHECK(Client::bare(sandbox).ask("GET", "/v1/resources/12345").status == 200);
}

TEST_CASE("an address that is taken is named in the error", "[sandbox]") {
    const Sandbox sandbox;
    SandboxOptions options;
    options.port = sandbox.port();
    CHECK_THROWS_WITH(Sandbox(options),
                      "sandbox: cannot listen on 127.0.0.1 port " + std::to_string(sandbox.port()) +
                          ": Address already in use; choose another port, or 0 for any free one");
}

TEST_CASE("options out of range and files that cannot be written are refused", "[sandbox]") {
    const auto with = [](auto change) {
        SandboxOptions options;
        change(options);
        return options;
    };
    CHECK_THROWS_WITH(Sandbox(with([](auto& o) { o.address = "localhost"; })),
                      R"(sandbox: address is "localhost", it must be an IP address such as 127.0.0.1)");
    CHECK_THROWS_WITH(Sandbox(with([](auto& o) { o.max_connections = 0; })),
                      "sandbox: max_connections is 0, it must be 1 or more");
    CHECK_THROWS_WITH(Sandbox(with([](auto& o) { o.idle_timeout = 0ms; })),
                      "sandbox: idle_timeout is 0 ms, it must be more than 0");
    CHECK_THROWS_WITH(Sandbox(with([](auto& o) { o.log_file = "/nowhere/log"; })),
                      "sandbox: cannot write the log /nowhere/log: No such file or directory");
}

TEST_CASE("a connection on which nothing is asked for too long is closed", "[sandbox]") {
    SandboxOptions options;
    options.plain_http = GENERATE(false, true);
    options.idle_timeout = 20ms;
    const Sandbox sandbox(options);
    Client silent = Client::bare(sandbox);
    CHECK(silent.read_all().empty());
    CHECK(silent.error());
}

TEST_CASE("connections are closed on demand, after the reply that is under way", "[sandbox]") {
    Sandbox sandbox;
    Client client(sandbox);
    CHECK(client.ask("GET", "/v1/resources").status == 200);
    sandbox.close_idle_connections();
    client.read_all();
    CHECK(client.error());
    CHECK(Client(sandbox).ask("GET", "/v1/resources").status == 200);
}

TEST_CASE("the script can be replaced while the sandbox runs", "[sandbox]") {
    Sandbox sandbox;
    Client client(sandbox);
    FaultScript script;
    script.routes.push_back({.steps = {{.reply = ScriptedReply{.status = 503}}}});
    sandbox.play(script);
    CHECK(client.ask("GET", "/v1/resources").status == 503);
    CHECK(client.ask("GET", "/v1/resources").status == 200);
    sandbox.play(script);
    CHECK(client.ask("GET", "/v1/resources").status == 503);
}

TEST_CASE("the token can be replaced while the sandbox runs", "[sandbox]") {
    SandboxOptions options;
    options.api.token = "first";
    Sandbox sandbox(std::move(options));
    Client client(sandbox);
    const auto ask = [&client](const std::string& token) {
        return client.ask("GET", "/v1/resources", "", "Authorization: Bearer " + token + "\r\n").status;
    };
    CHECK(ask("first") == 200);
    sandbox.replace_token("second");
    CHECK(ask("first") == 401);
    CHECK(ask("second") == 200);
}

TEST_CASE("the log is bounded, the count is not", "[sandbox]") {
    SandboxOptions options;
    options.max_log_entries = 2;
    const Sandbox sandbox(options);
    Client client(sandbox);
    for (int index = 0; index < 5; ++index) {
        client.ask("POST", "/v1/jobs", "{}");
    }
    CHECK(sandbox.counts().requests == 5);
    REQUIRE(sandbox.requests().size() == 2);
    CHECK(sandbox.requests()[0].number == 4);
    REQUIRE(sandbox.effects().size() == 2);
    CHECK(sandbox.effects()[1].id == "job-5");
}

TEST_CASE("a sandbox can serve on the caller's context, and ends with it", "[sandbox]") {
    asio::io_context context;
    SandboxOptions options;
    Sandbox sandbox(context, options);
    std::thread caller([&sandbox, &context] {
        CHECK(Client(sandbox).ask("GET", "/v1/resources/12345").status == 200);
        asio::post(context, [&sandbox] { sandbox.stop(); });
    });
    context.run(); // returns because nothing is left to serve
    caller.join();
    CHECK(sandbox.requests().size() == 1);
}

TEST_CASE("a caller's context may be destroyed with connections still open", "[sandbox]") {
    auto context = std::make_unique<asio::io_context>();
    auto sandbox = std::make_unique<Sandbox>(*context, SandboxOptions());
    Client client = Client::bare(*sandbox);
    context->poll();
    sandbox.reset();
    context.reset();
    client.read_all();
    CHECK(client.error());
}

TEST_CASE("many clients at once are served from many threads", "[sandbox]") {
    const Sandbox sandbox;
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; ++index) {
        threads.emplace_back([&sandbox, index] {
            Client client(sandbox);
            for (int round = 0; round < 10; ++round) {
                const std::string nonce = std::to_string(index) + "-" + std::to_string(round);
                const auto reply = client.ask("GET", "/v1/resources", "", "X-Nonce: " + nonce + "\r\n");
                if (reply.field("X-Nonce") != nonce) {
                    std::abort();
                }
                static_cast<void>(sandbox.requests());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(sandbox.counts().requests == 40);
}
