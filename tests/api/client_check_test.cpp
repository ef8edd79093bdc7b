#include "api/client_check.hpp"

#include "support/api_world.hpp"
#include "support/catch.hpp"

#include <stdexcept>
#include <utility>

// Options that cannot work are refused when a client is made, not when its first call fails.

using namespace backstay;
using namespace backstay::test;

namespace {

/// Says why no client is made with this transport in it, or "made".
std::string why(ApiWorld& world, ApiClientOptions options) {
    try {
        (void)world.client(std::move(options));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "made";
}

/// The same without a transport, in real time.
std::string why_over_https(ApiClientOptions options) {
    asio::io_context context;
    try {
        (void)ApiClient{context.get_executor(), std::move(options)};
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "made";
}

} // namespace

TEST_CASE("a base URL that is none is shown, unless a part of it may be a secret") {
    ApiWorld world;
    CHECK_THAT(
        why(world, {.base_url = "api.test"}),
        ContainsSubstring("ApiClientOptions.base_url is \"api.test\": it must be an absolute https URL"));
    for (const auto* url :
         {"https://me:canary@api.test", "https://api.test:x?key=canary", "canary#", "ftp://canary@h"}) {
        CHECK_THAT(why(world, {.base_url = url}),
                   ContainsSubstring("ApiClientOptions.base_url must be") && !ContainsSubstring("canary"));
    }
}

TEST_CASE("plain http to another machine is refused when the client is made") {
    CHECK_THAT(why_over_https({.base_url = "http://api.test/v1"}),
               ContainsSubstring("ApiClientOptions.base_url is plain http to api.test") &&
                   ContainsSubstring("HttpsOptions.allow_plain_http"));
    CHECK_THAT(why_over_https({.base_url = "http://10.0.0.1"}), ContainsSubstring("plain http to 10.0.0.1"));
    for (const auto* url : {"http://localhost:8080", "http://api.localhost", "http://127.0.0.2",
                            "http://[::1]:80", "https://api.test"}) {
        CHECK(why_over_https({.base_url = url}) == "made");
    }
    CHECK(why_over_https({.base_url = "http://api.test", .https = {.allow_plain_http = true}}) == "made");
    const ResolveOverride here{.host = "api.test", .port = 80, .address = "127.0.0.1"};
    CHECK(why_over_https({.base_url = "http://api.test", .https = {.resolve_overrides = {here}}}) == "made");
    ApiWorld world;
    CHECK(why(world, {.base_url = "http://api.test"}) == "made"); // its transport knows what it does
}

TEST_CASE("a simulated runtime needs a transport that lives in it") {
    VirtualRuntime runtime;
    CHECK_THAT(why_over_https({.base_url = "https://api.test", .runtime = &runtime}),
               ContainsSubstring("ApiClientOptions.runtime is simulated, and there is no transport"));
}

TEST_CASE("what calls leave open is checked as a call's own options are") {
    ApiWorld world;
    const auto complaint = [&](const CallOptions& defaults) { return why(world, {.defaults = defaults}); };
    CHECK_THAT(complaint(CallOptions{}.header("X A", "1")),
               ContainsSubstring("ApiClientOptions.defaults.header"));
    CHECK_THAT(complaint(CallOptions{}.header("Content-Length", "1")), ContainsSubstring("Content-Length"));
    CHECK_THAT(complaint(CallOptions{}.timeout(-1s)),
               ContainsSubstring("ApiClientOptions.defaults.timeout is -1 s, allowed is longer than 0 s"));
    CHECK(complaint(CallOptions{}.timeout(1ms)) == "made");
    CHECK_THAT(why(world, {.headers = fields({{"Host", "h"}})}),
               ContainsSubstring("ApiClientOptions.headers: the field Host"));
    const auto api = world.client({.pipeline = single()});
    CHECK_THROWS_WITH(api.with(CallOptions{}.header("X A", "1")), ContainsSubstring("CallOptions.header"));
    CHECK_NOTHROW(api.with(CallOptions{}.timeout(-1s))); // what is left of a caller's time may be nothing
}

TEST_CASE("two credentials for one request are refused, and so is a scheme in a token") {
    ApiWorld world;
    const Fields own = fields({{"authorization", "Basic canary"}});
    const auto names_both = [&](BearerToken bearer) {
        CHECK_THAT(why(world, {.headers = own, .bearer = std::move(bearer)}),
                   ContainsSubstring("ApiClientOptions.bearer") &&
                       ContainsSubstring("ApiClientOptions.headers") && !ContainsSubstring("canary"));
    };
    names_both("canary");
    names_both([] { return std::string("canary"); });
    CHECK(why(world, {.headers = own}) == "made");
    CHECK(why(world, {.headers = own, .bearer = ""}) == "made");
    for (const auto* token : {"Bearer canary", "bearer canary"}) {
        CHECK_THAT(why(world, {.bearer = token}),
                   ContainsSubstring("the scheme is added to it") && !ContainsSubstring("canary"));
    }
    CHECK(why(world, {.bearer = "bearers-token"}) == "made");
}

TEST_CASE("a whole URL is no path: the error says what to use") {
    ApiWorld world;
    const auto api = world.client({.pipeline = single()});
    for (const auto* url : {"https://other.test/x", "HTTP://api.test/v1/x"}) {
        const auto error = world.get<void>(api, url).error();
        CHECK(error.kind() == FailureKind::invalid_request);
        CHECK_THAT(error.message(), ContainsSubstring("pass a path, or use follow"));
    }
    world.transport->reply(204);
    CHECK(world.get<void>(api, "/proxy/https://other.test"));
}
