#include <backstay/api/api_client.hpp>

#include "support/catch.hpp"

#include "http/transport_world.hpp"
#include "support/api_world.hpp"

#include <backstay/http/body_sink.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>

using namespace backstay;
using namespace backstay::test;
using Then = MemoryReply::Then;

namespace {

/// A client whose n-th connection in memory follows the n-th script.
struct BodyWorld : World {
    explicit BodyWorld(std::size_t connections) {
        for (std::size_t i = 0; i < connections; ++i) {
            scripts.push_back(std::make_shared<MemoryScript>());
        }
    }
    ApiClient client(ResponsePipeline pipeline = standard()) {
        ApiClientOptions options;
        options.base_url = "https://api.test/v1";
        options.pipeline = std::move(pipeline);
        options.runtime = &runtime;
        options.transport = std::make_shared<HttpsTransport>(HttpsOptions(), runtime,
                                                             std::make_unique<MemoryConnector>(scripts));
        return ApiClient{context.get_executor(), std::move(options)};
    }
    ApiResult<Response> download(const ApiClient& api, CallOptions options) {
        return run(api.get<Response>("/export", std::move(options)));
    }

    std::vector<std::shared_ptr<MemoryScript>> scripts;
};

class Basket final : public BodySink {
public:
    explicit Basket(bool restarts) noexcept : restarts_(restarts) {}

    [[nodiscard]] std::error_code begin(const ResponseParts& /*head*/) override {
        text.clear();
        ++begins;
        return {};
    }
    [[nodiscard]] asio::awaitable<std::error_code> write(std::string_view piece) override {
        text += piece;
        co_return std::error_code{};
    }
    [[nodiscard]] bool can_restart() const noexcept override { return restarts_; }

    std::string text;
    int begins = 0;

private:
    bool restarts_;
};

const std::string nine_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";

MemoryReply cut() {
    return reply({nine_bytes, "one"}, Then::end);
}

MemoryReply whole() {
    return reply({nine_bytes, "onetwoend"});
}

MemoryReply unavailable() {
    return reply({"HTTP/1.1 503 No\r\nContent-Length: 20\r\n\r\n{\"error\":\"overload\"}"});
}

} // namespace

TEST_CASE("A download goes to its sink, an error's body to the error") {
    BodyWorld world(1);
    const auto basket = std::make_shared<Basket>(false);
    world.scripts[0]->replies = {unavailable(), whole()};
    const auto api = world.client(standard());
    const auto reply = world.download(api, CallOptions{}.sink(basket));
    REQUIRE(reply);
    CHECK(reply->body().empty());
    CHECK(basket->text == "onetwoend");
    CHECK(basket->begins == 1);

    BodyWorld failing(1);
    failing.scripts[0]->replies = {unavailable()};
    const auto refused = failing.download(failing.client(single()), CallOptions{}.sink(basket));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == "overload");
    CHECK(basket->begins == 1);
}

TEST_CASE("A download that was cut is begun anew if its sink can start over") {
    BodyWorld world(2);
    world.scripts[0]->replies = {cut()};
    world.scripts[1]->replies = {whole()};
    const auto basket = std::make_shared<Basket>(true);
    REQUIRE(world.download(world.client(), CallOptions{}.sink(basket)));
    CHECK(basket->text == "onetwoend");
    CHECK(basket->begins == 2);
}

TEST_CASE("A download that was cut is not repeated into a sink that cannot start over") {
    BodyWorld world(2);
    world.scripts[0]->replies = {cut()};
    world.scripts[1]->replies = {whole()};
    const auto basket = std::make_shared<Basket>(false);
    const auto reply = world.download(world.client(), CallOptions{}.sink(basket).allow_unsafe_retry());
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind() == FailureKind::truncated);
    CHECK(reply.error().stop_reason() == StopReason::unsafe_to_repeat);
    CHECK(basket->text == "one");
    CHECK(world.scripts[1]->requests == 0);
}

TEST_CASE("A call with a sink is not hedged") {
    BodyWorld world(2);
    const auto basket = std::make_shared<Basket>(true);
    const auto api = world.client(standard_hedged({.hedge = {.delay = 1ms}}));
    const auto reply = world.download(api, CallOptions{}.sink(basket).timeout(500ms));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind() == FailureKind::deadline_exceeded);
    CHECK(world.scripts[0]->requests == 1);
    CHECK(world.scripts[1]->requests == 0);
}

TEST_CASE("A sink is never one of the defaults") {
    BodyWorld world(1);
    world.scripts[0]->replies = {whole()};
    const auto basket = std::make_shared<Basket>(true);
    const auto api = world.client().with(CallOptions{}.sink(basket));
    const auto reply = world.download(api, CallOptions{});
    REQUIRE(reply);
    CHECK(reply->body() == "onetwoend");
    CHECK_FALSE(basket->begun());
}

TEST_CASE("A produced body is begun anew for each attempt") {
    BodyWorld world(2);
    world.scripts[0]->replies = {unavailable(), whole()};
    int opened = 0;
    BodyProducer producer;
    producer.length = 3;
    producer.open = [&opened]() -> BodyReader {
        ++opened;
        return [](std::span<char> into) { return std::string_view("abc").copy(into.data(), into.size()); };
    };
    const Body body = Body::produced("text/plain", producer);
    const auto api = world.client();
    REQUIRE(world.run(api.put<Response>("/export", body)));
    CHECK(opened == 2);
    const std::string& received = world.scripts[0]->received;
    CHECK_THAT(received, ContainsSubstring("Content-Type: text/plain\r\n"));
    CHECK(received.ends_with("\r\n\r\nabc"));
}

TEST_CASE("Redirects are followed only when the client is told to, and told of then") {
    ApiWorld world;
    const auto elsewhere = fields({{"Location", "https://other.test/x?token=canary"}});
    world.transport->reply(302, "", elsewhere)
        .reply(302, "", elsewhere)
        .reply(200, R"({"data":{"id":"1","name":"a"}})");
    ApiClientOptions options;
    options.pipeline = single();
    CHECK(world.get<Resource>(world.client(options)).error().kind() == FailureKind::redirect);

    options.redirects = RedirectOptions();
    options.bearer = "canary";
    const auto reply = world.get<Reply<Resource>>(world.client(options));
    REQUIRE(reply);
    CHECK(reply->data.id == "1");
    REQUIRE(reply->attempts.size() == 1);
    CHECK(reply->attempts[0].redirects == 1);
    CHECK(reply->attempts[0].final_url == "https://other.test/x?token=***");
    CHECK(world.sent(1).fields.has("Authorization"));
    CHECK_FALSE(world.sent(2).fields.has("Authorization"));
    CHECK(world.sent(2).url.origin().host == "other.test");
}

TEST_CASE("A wrong number of redirects is refused when the client is made") {
    ApiWorld world;
    ApiClientOptions options;
    options.redirects = RedirectOptions{.max_redirects = 0, .credential_fields = {}};
    CHECK_THROWS_AS(world.client(options), std::invalid_argument);
}
