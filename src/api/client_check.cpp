#include "api/client_check.hpp"

#include "core/printable.hpp"
#include "policy/check_option.hpp"

#include <backstay/http/request.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
    throw std::invalid_argument(option + why);
}

/// The value as a complaint may show it; empty when a part of it may be a secret.
std::string shown(const std::string& text) {
    constexpr std::size_t longest = 200;
    if (text.find_first_of("@?#") != std::string::npos || text.size() > longest) {
        return {};
    }
    return " is \"" + printable(text) + "\": it";
}

/// By its name alone: nothing is resolved here.
bool is_this_machine(const std::string& host) {
    constexpr std::string_view local = ".localhost";
    if (host == "localhost" || (host.size() > local.size() && host.ends_with(local))) {
        return true;
    }
    std::error_code fault;
    const auto address = asio::ip::make_address(host, fault);
    return !fault && address.is_loopback();
}

/// An overridden name may well lead to this machine: the transport looks.
void check_scheme(const Url& base, const HttpsOptions& https) {
    const Origin& origin = base.origin();
    const bool overridden =
        std::any_of(https.resolve_overrides.begin(), https.resolve_overrides.end(),
                    [&](const ResolveOverride& entry) { return same_field_name(entry.host, origin.host); });
    if (!origin.secure() && !https.allow_plain_http && !overridden && !is_this_machine(origin.host)) {
        refuse("ApiClientOptions.base_url",
               " is plain http to " + origin.host +
                   ": use https, or set HttpsOptions.allow_plain_http; http goes to this machine alone");
    }
}

/// By the rules of a request, and no field that is a call's own.
void check_fields(const Fields& fields, const Url& base, const std::string& where) {
    Request probe("GET", base);
    probe.fields = fields;
    if (const auto fault = probe.fault()) {
        refuse(where, ": " + *fault);
    }
    if (fields.has("Idempotency-Key")) {
        refuse(where, ": Idempotency-Key would be the same for all calls: it is set by "
                      "CallOptions::idempotency_key");
    }
}

void check_bearer(const ApiClientOptions& options) {
    const BearerToken& bearer = options.bearer;
    const std::string fixed = bearer.changes() ? std::string() : bearer.current();
    if (field_fault("Authorization", fixed)) {
        refuse("ApiClientOptions.bearer", ": a token must not hold control bytes");
    }
    constexpr std::string_view scheme = "bearer ";
    if (fixed.size() >= scheme.size() && same_field_name(fixed.substr(0, scheme.size()), scheme)) {
        refuse("ApiClientOptions.bearer",
               " begins with \"Bearer \": give the token alone, the scheme is added to it");
    }
    if ((bearer.changes() || !fixed.empty()) && options.headers.has("Authorization")) {
        refuse("ApiClientOptions.bearer",
               " and an Authorization in ApiClientOptions.headers are both set: a request carries one");
    }
}

void check_deadline_header(const ApiClientOptions& options, const Url& base) {
    const std::string& name = options.deadline_header;
    if (name.empty()) {
        return;
    }
    const std::string where = "ApiClientOptions.deadline_header";
    Request probe("GET", base);
    probe.fields.add(name, "0");
    if (const auto fault = probe.fault()) {
        refuse(where, ": " + *fault);
    }
    static constexpr std::array<std::string_view, 6> taken{"Idempotency-Key", "traceparent",  "tracestate",
                                                           "Accept",          "Content-Type", "User-Agent"};
    const auto same = [&](std::string_view other) { return same_field_name(name, other); };
    if (is_secret_field(name) || std::any_of(taken.begin(), taken.end(), same)) {
        refuse(where, " is " + name + ": that field has a meaning of its own");
    }
}

} // namespace

Url checked_base(const std::string& text) {
    auto url = Url::parse(text);
    if (!url) {
        const std::string value = shown(text);
        refuse("ApiClientOptions.base_url",
               (value.empty() ? std::string() : value) + " must be an absolute https URL: " + url.error());
    }
    return std::move(*url);
}

void check_client(const ApiClientOptions& options, const Url& base) {
    if (options.transport == nullptr) {
        check_scheme(base, options.https);
        if (options.runtime != nullptr && options.runtime->simulated()) {
            refuse("ApiClientOptions.runtime",
                   " is simulated, and there is no transport: a real one would never come to its timeouts");
        }
    }
    check_fields(options.headers, base, "ApiClientOptions.headers");
    check_defaults(options.defaults, base, "ApiClientOptions.defaults");
    const Duration timeout = options.defaults.values().timeout.value_or(end_of_time - TimePoint{});
    check_option(timeout > Duration::zero(), "ApiClientOptions.defaults.timeout", timeout, "longer than 0 s");
    check_bearer(options);
    check_credentials(options.bearer, options.pipeline);
    check_deadline_header(options, base);
    check_option(options.codec.max_depth >= 1 && options.codec.max_depth <= 1'000,
                 "ApiClientOptions.codec.max_depth", options.codec.max_depth, "1 to 1000");
    check_option(options.key_lifetime > Duration::zero(), "ApiClientOptions.key_lifetime",
                 options.key_lifetime, "longer than 0 s");
    if (!options.idempotency_keys) {
        refuse("ApiClientOptions.idempotency_keys", " is empty: it must be a function");
    }
}

void check_defaults(const CallOptions& defaults, const Url& base, const std::string& where) {
    const CallOptions::Values& values = defaults.values();
    check_fields(values.headers, base, where + ".header");
    if (!values.idempotency_key.empty() && values.idempotency_key != "auto") {
        refuse(where + ".idempotency_key",
               " would be the same for all calls: only \"auto\", which makes a fresh "
               "one for each, is allowed here");
    }
}

void check_credentials(const BearerToken& bearer, const ResponsePipeline& pipeline) {
    if (bearer.refreshes() && !pipeline.has(Stage::credentials)) {
        refuse("ApiClientOptions.pipeline",
               " has no stage Credentials: the bearer's provider needs one, inside "
               "Retry and outside what bounds or counts one attempt");
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
