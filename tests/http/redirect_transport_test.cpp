#include <backstay/http/redirect_transport.hpp>

#include "http/transport_world.hpp"
#include "support/catch.hpp"

#include <backstay/core/classifier.hpp>
#include <backstay/testing/scripted_transport.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

using namespace backstay;
using namespace backstay::test;
using namespace std::chrono_literals;

namespace {

Fields fields(std::initializer_list<std::pair<std::string, std::string>> list) {
    Fields made;
    for (const auto& [name, value] : list) {
        made.add(name, value);
    }
    return made;
}

struct RedirectWorld : World {
    explicit RedirectWorld(RedirectOptions options = RedirectOptions())
        : transport(std::make_unique<RedirectTransport>(inner, std::move(options))) {}

    RedirectWorld& redirect(int status, const std::string& location, Duration after = Duration::zero()) {
        inner->reply(status, "moved", fields({{"Location", location}}), after);
        return *this;
    }
    void begin(Exchanged& exchanged) {
        start(exchanged.started, transport->send(exchanged.request, exchanged.call));
    }
    Exchanged& finish(Exchanged& exchanged) {
        begin(exchanged);
        run();
        return exchanged;
    }
    [[nodiscard]] const Request& sent(std::size_t index) const { return inner->seen().at(index).request; }

    std::shared_ptr<ScriptedTransport> inner = std::make_shared<ScriptedTransport>(runtime);
    std::unique_ptr<RedirectTransport> transport;
};

struct CredentialPost : Exchanged {
    CredentialPost() : Exchanged("POST") {
        request.body = "{}";
        request.fields = fields({{"Content-Type", "application/json"},
                                 {"Authorization", "Bearer canary"},
                                 {"cookie", "canary"},
                                 {"Proxy-Authorization", "canary"},
                                 {"X-Api-Key", "canary"},
                                 {"Accept", "application/json"},
                                 {"Idempotency-Key", "\"k1\""}});
    }
};

/// Leads elsewhere just when its call is cancelled.
class Late final : public Transport {
public:
    Late(std::shared_ptr<Transport> then, asio::cancellation_signal& cancel)
        : then_(std::move(then)), cancel_(cancel) {}

    asio::awaitable<expected<Response, TransportError>> send(const Request& request,
                                                             CallContext& call) override {
        if (std::exchange(first_, false)) {
            cancel_.emit(asio::cancellation_type::terminal);
            ResponseParts parts;
            parts.status = 302;
            parts.fields.add("Location", "/a");
            co_return Response(std::move(parts));
        }
        co_return co_await then_->send(request, call);
    }

private:
    std::shared_ptr<Transport> then_;
    asio::cancellation_signal& cancel_;
    bool first_ = true;
};

bool holds_canary(const Request& request) {
    for (const Field& field : request.fields) {
        if (field.value.find("canary") != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("a reply that leads nowhere is handed on as it is", "[http][redirect]") {
    RedirectWorld world;
    world.inner->reply(200, "ok");
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    CHECK(get.response().body() == "ok");
    CHECK(get.response().exchange().redirects == 0);
    CHECK(get.response().exchange().final_url.empty());
    for (const int status : {300, 304, 305, 306}) {
        world.redirect(status, "/v2");
        Exchanged other;
        REQUIRE(world.finish(other).ok());
        CHECK(other.response().status() == status);
    }
    CHECK(world.inner->seen().size() == 5);
}

TEST_CASE("a Location is resolved by RFC 3986", "[http][redirect]") {
    const auto [location, target] =
        GENERATE(std::pair<std::string, std::string>{"/v2/x?a=1", "/v2/x?a=1"},
                 std::pair<std::string, std::string>{"next", "/v1/next"},
                 std::pair<std::string, std::string>{"../up#part", "/up"},
                 std::pair<std::string, std::string>{"?page=2", "/v1/orders?page=2"},
                 std::pair<std::string, std::string>{"//ledger.test/y", "/y"},
                 std::pair<std::string, std::string>{"", "/v1/orders"});
    RedirectWorld world;
    world.redirect(302, location).inner->reply(200, "ok");
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    CHECK(get.response().body() == "ok");
    CHECK(world.sent(1).url.target() == target);
    CHECK(get.response().exchange().redirects == 1);
}

TEST_CASE("where a reply came from is told without the values of its query", "[http][redirect]") {
    RedirectWorld world;
    world.redirect(302, "https://other.test/x?token=canary").inner->reply(404);
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    CHECK(get.response().exchange().final_url == "https://other.test/x?token=***");
}

TEST_CASE("a POST stays a POST only for 307 and 308", "[http][redirect]") {
    for (const int status : {301, 302, 303, 307, 308}) {
        INFO(status);
        RedirectWorld world;
        world.redirect(status, "/v2").inner->reply(200);
        CredentialPost post;
        REQUIRE(world.finish(post).ok());
        const Request& second = world.sent(1);
        const bool kept = status >= 307;
        CHECK(second.method == (kept ? "POST" : "GET"));
        CHECK(second.body == (kept ? "{}" : ""));
        CHECK(second.safe_to_repeat == !kept);
        CHECK(second.fields.has("Content-Type") == kept);
        CHECK(second.fields.has("Idempotency-Key") == kept);
        CHECK(second.fields.has("Accept"));
        CHECK(second.fields.has("Authorization"));
    }
}

TEST_CASE("other methods are kept, but for 303", "[http][redirect]") {
    for (const char* method : {"GET", "HEAD", "PUT", "PATCH", "DELETE"}) {
        for (const int status : {301, 302, 303, 307, 308}) {
            RedirectWorld world;
            world.redirect(status, "/v2").inner->reply(200);
            Exchanged call(method);
            REQUIRE(world.finish(call).ok());
            INFO(method << ' ' << status);
            const bool stays = status != 303 || call.request.method == "HEAD";
            CHECK(world.sent(1).method == (stays ? method : "GET"));
        }
    }
}

TEST_CASE("no credential goes to another scheme, host or port, nor comes back", "[http][redirect]") {
    RedirectOptions options;
    options.credential_fields = {"x-api-key"};
    for (const char* elsewhere : {"https://other.test/v1", "https://ledger.test:8443/v1",
                                  "https://evil.ledger.test/v1", "https://ledger.test.evil/v1"}) {
        RedirectWorld world(options);
        world.redirect(307, elsewhere).redirect(307, "https://ledger.test/v1/orders").inner->reply(200);
        CredentialPost post;
        REQUIRE(world.finish(post).ok());
        CHECK(holds_canary(world.sent(0)));
        CHECK_FALSE(holds_canary(world.sent(1)));
        CHECK_FALSE(holds_canary(world.sent(2)));
        CHECK(world.sent(1).fields.has("Accept"));
    }
    RedirectWorld world(options);
    Exchanged upgraded("GET", "http://localhost/v1");
    upgraded.request.fields.add("Authorization", "canary");
    world.redirect(307, "https://localhost/v1").inner->reply(200);
    REQUIRE(world.finish(upgraded).ok());
    CHECK_FALSE(holds_canary(world.sent(1)));
}

TEST_CASE("the same origin, though written otherwise, keeps the credentials", "[http][redirect]") {
    RedirectWorld world;
    world.redirect(307, "HTTPS://LEDGER.test:443/v2").inner->reply(200);
    CredentialPost post;
    REQUIRE(world.finish(post).ok());
    CHECK(world.sent(1).fields.has("Authorization"));
}

TEST_CASE("what must not be followed is handed on as it is", "[http][redirect]") {
    for (const char* location :
         {"http://ledger.test/v1", "ftp://ledger.test/", "https://user:pw@ledger.test/",
          "https://ledger.test:99999/", "a b", "javascript:alert(1)", "https:///x"}) {
        INFO(location);
        RedirectWorld world;
        world.redirect(302, location);
        Exchanged get;
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().status() == 302);
        CHECK(get.response().failure()->kind == FailureKind::redirect);
        CHECK(world.inner->seen().size() == 1);
    }
    RedirectWorld world;
    world.inner->reply(302).reply(302, "", fields({{"Location", "/a"}, {"location", "/b"}}));
    for (int i = 0; i < 2; ++i) {
        Exchanged get;
        REQUIRE(world.finish(get).ok());
        CHECK(get.response().status() == 302);
    }
}

TEST_CASE("a loop ends after the redirects that are allowed", "[http][redirect]") {
    RedirectWorld world;
    for (int i = 0; i < 6; ++i) {
        world.redirect(302, "/v1/orders?secret=canary");
    }
    Exchanged get;
    CHECK(world.finish(get).kind() == FailureKind::too_many_redirects);
    CHECK(world.inner->seen().size() == 6);
    CHECK(get.outcome().error().detail()->exchange.redirects == 5);
    CHECK_THAT(get.message(), ContainsSubstring("more than 5") && !ContainsSubstring("canary"));
}

TEST_CASE("five redirects are followed", "[http][redirect]") {
    RedirectWorld world;
    for (int i = 0; i < 5; ++i) {
        world.redirect(302, "/v1/orders");
    }
    world.inner->reply(200, "ok");
    Exchanged get;
    REQUIRE(world.finish(get).ok());
    CHECK(get.response().exchange().redirects == 5);
}

TEST_CASE("all hops share the call's deadline", "[http][redirect]") {
    RedirectWorld world;
    world.redirect(302, "/a", 2s).redirect(302, "/b", 2s).redirect(302, "/c", 2s);
    Exchanged get;
    get.call.deadline = {world.now() + 5s, FailureKind::attempt_timeout};
    const TimePoint due = get.call.deadline.at;
    CHECK(world.finish(get).kind() == FailureKind::attempt_timeout);
    CHECK(world.now() == due);
    CHECK(get.outcome().error().detail()->exchange.redirects == 2);
}

TEST_CASE("a call that is cancelled between hops ends as cancelled, and the caller goes on",
          "[http][redirect]") {
    RedirectWorld world;
    world.redirect(302, "/a", 2s).inner->hang();
    Exchanged get;
    world.begin(get);
    world.run_for(3s);
    get.started.cancel.emit(asio::cancellation_type::terminal);
    world.run();
    REQUIRE(get.ended());
    CHECK_FALSE(get.started.thrown);
    CHECK(get.kind() == FailureKind::canceled);
}

TEST_CASE("a redirect that comes in spite of a cancel is followed no further", "[http][redirect]") {
    RedirectWorld world;
    Exchanged get;
    world.transport =
        std::make_unique<RedirectTransport>(std::make_shared<Late>(world.inner, get.started.cancel));
    world.inner->reply(200);
    CHECK(world.finish(get).kind() == FailureKind::canceled);
    CHECK(world.inner->seen().empty());
}

TEST_CASE("what fails behind a redirect may have been processed", "[http][redirect]") {
    for (const Reach reach : {Reach::never_sent, Reach::refused_here}) {
        RedirectWorld world;
        world.redirect(303, "/done")
            .inner->fail(TransportError({.kind = FailureKind::connect_failed, .reach = reach}));
        Exchanged post("POST");
        CHECK(world.finish(post).kind() == FailureKind::connect_failed);
        CHECK(post.reach() == Reach::maybe_processed);
    }
    RedirectWorld world;
    world.inner->fail(TransportError({.kind = FailureKind::connect_failed, .reach = Reach::never_sent}));
    Exchanged direct("POST");
    world.finish(direct);
    CHECK(direct.reach() == Reach::never_sent);
}

TEST_CASE("a POST is not refused because the GET behind it is", "[http][redirect]") {
    for (const int status : {303, 307}) {
        RedirectWorld world;
        world.redirect(status, "/done").inner->reply(503, "", fields({{"Retry-After", "1"}}));
        Exchanged post("POST");
        REQUIRE(world.finish(post).ok());
        const Failure failure = *post.response().failure();
        CHECK(failure.reach == (status == 303 ? Reach::maybe_processed : Reach::answered));
        Failure invited = failure;
        invited.set_hint(1s);
        CHECK(Classifier().may_repeat(invited, false) == (status == 307));
    }
}

TEST_CASE("a number of redirects out of range is refused by name", "[http][redirect]") {
    VirtualRuntime runtime;
    const auto inner = std::make_shared<ScriptedTransport>(runtime);
    for (const int count : {0, -1, 21}) {
        RedirectOptions options;
        options.max_redirects = count;
        CHECK_THROWS_AS(RedirectTransport(inner, options), std::invalid_argument);
    }
}

TEST_CASE("closing closes what is beneath", "[http][redirect]") {
    RedirectWorld world;
    world.transport->close();
    Exchanged get;
    CHECK(world.finish(get).kind() == FailureKind::client_closed);
    CHECK(get.reach() == Reach::refused_here);
}
