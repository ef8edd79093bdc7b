#include "cli/call_plan.hpp"

#include "cli/shell_guide.hpp"

#include <backstay/api/idempotency_key.hpp>
#include <backstay/api/presets.hpp>
#include <backstay/core/description.hpp>
#include <backstay/http/request.hpp>
#include <backstay/http/url.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

namespace {

RetryOptions retry_options(const CallArguments& arguments) {
    RetryOptions retry;
    retry.max_attempts = arguments.max_attempts.value_or(retry.max_attempts);
    retry.max_server_wait = arguments.max_server_wait.value_or(retry.max_server_wait);
    retry.backoff.base = arguments.base_delay.value_or(
        std::min(retry.backoff.base, arguments.max_delay.value_or(retry.backoff.cap)));
    retry.backoff.cap = arguments.max_delay.value_or(std::max(retry.backoff.cap, retry.backoff.base));
    retry.backoff.jitter = arguments.jitter.value_or(retry.backoff.jitter);
    if (arguments.no_budget) {
        retry.budget.reset();
    }
    return retry;
}

/// What was not asked for gives way to what was: a short total shortens the attempts, long attempts lengthen
/// the breaker's window.
StandardOptions standard_options(const CallArguments& arguments) {
    constexpr std::chrono::hours longest_attempt{24 * 365 / 2}; // a breaker's window holds two
    StandardOptions standard;
    standard.retry = retry_options(arguments);
    standard.total_timeout = arguments.total_timeout.value_or(standard.total_timeout);
    standard.attempt_timeout =
        arguments.attempt_timeout.value_or(std::min(standard.attempt_timeout, standard.total_timeout));
    if (standard.attempt_timeout > longest_attempt) {
        throw std::invalid_argument("AttemptTimeoutOptions.limit is " + to_text(standard.attempt_timeout) +
                                    ", allowed is " + to_text(longest_attempt) + " or shorter");
    }
    CircuitBreakerOptions breaker;
    breaker.window_length = std::max(breaker.window_length, 2 * standard.attempt_timeout);
    standard.breaker.emplace(breaker);
    return standard;
}

expected<std::string, std::string> bearer_token(const std::string& variable) {
    const char* const token = variable.empty() ? "" : std::getenv(variable.c_str());
    if (token == nullptr || (*token == '\0' && !variable.empty())) {
        return fail("--bearer-env: the environment has no variable " + variable + ", or it is empty");
    }
    return std::string(token);
}

/// Says what is wrong with the request itself, before anything is tried.
std::string request_fault(const CallPlan& plan, const Url& url, const CallArguments& arguments) {
    Request request(plan.method, url);
    request.body = arguments.body.value_or(std::string());
    if (const auto fault = request.fault()) {
        return "--request: " + *fault;
    }
    for (const Field& field : arguments.headers) {
        request.fields.add(field.name, field.value);
    }
    if (request.fields.has("Idempotency-Key")) {
        return "--header: write --idempotency-key KEY, which makes the call known as safe to repeat";
    }
    if (const auto fault = request.fault()) {
        return "--header: " + *fault;
    }
    const std::string& key = arguments.idempotency_key;
    if (!key.empty() && key != "auto" && !quoted_key(key)) {
        return "--idempotency-key: \"" + key + "\" holds what is not printable ASCII";
    }
    return {};
}

HttpsOptions https_options(const CallArguments& arguments) {
    HttpsOptions https;
    https.tls.ca_file = arguments.ca_file;
    https.resolve_overrides = arguments.resolve_overrides;
    if (arguments.connect_timeout) {
        https.connect_timeout = std::chrono::ceil<std::chrono::milliseconds>(*arguments.connect_timeout);
    }
    return https;
}

void set_call_options(const CallArguments& arguments, CallOptions& call) {
    if (!arguments.idempotency_key.empty()) {
        call.idempotency_key(arguments.idempotency_key);
    }
    if (arguments.max_body) {
        call.max_body(*arguments.max_body);
    }
    if (arguments.no_breaker) {
        call.without(Stage::circuit_breaker);
    }
    call.allow_unsafe_retry(arguments.retry_unsafe);
}

} // namespace

expected<CallPlan, std::string> plan_call(const CallArguments& arguments) {
    const auto url = Url::parse(arguments.url);
    if (!url) {
        return fail("URL: " + url.error());
    }
    CallPlan plan;
    plan.url = url->to_string();
    plan.shown_url = url->redacted();
    plan.target = url->target();
    plan.method = !arguments.method.empty() ? arguments.method : arguments.body ? "POST" : "GET";
    if (std::string fault = request_fault(plan, *url, arguments); !fault.empty()) {
        return fail(std::move(fault));
    }
    auto token = bearer_token(arguments.bearer_variable);
    if (!token) {
        return fail(std::move(token.error()));
    }
    plan.client.base_url = url->origin().to_string();
    if (const auto joined = Url::parse(plan.client.base_url)->join(url->target()); !joined) {
        return fail("URL: " + joined.error());
    }
    plan.client.https = https_options(arguments);
    plan.client.bearer = std::move(*token);
    plan.client.credential = arguments.bearer_variable;
    for (const Field& field : arguments.headers) {
        plan.client.headers.add(field.name, field.value);
    }
    if (arguments.body) {
        plan.body = Body(plan.client.headers.has("Content-Type") ? "" : "application/json", *arguments.body);
    }
    plan.client.guide = shell_guide(plan.method);
    set_call_options(arguments, plan.call);
    try {
        const StandardOptions options = standard_options(arguments);
        plan.client.pipeline = arguments.no_retry ? single(options) : standard(options);
        plan.most_attempts = arguments.no_retry ? 1 : options.retry.max_attempts;
    } catch (const std::invalid_argument& wrong) {
        return fail(in_terms_of_flags(wrong.what()));
    }
    return plan;
}

std::string in_terms_of_flags(std::string_view complaint) {
    struct Flag {
        std::string_view field;
        std::string_view name;
    };
    static constexpr std::array<Flag, 18> flags{
        {{", or set HttpsOptions.allow_plain_http", "; http goes to this machine alone"},
         {": where the body itself is the data, set Codec.envelope to "
          "Envelope::none",
          ": --raw gives the body as it came"},
         {"ApiClientOptions.base_url", "URL"},
         {"ApiClientOptions.headers", "--header"},
         {"ApiClientOptions.bearer", "--bearer-env"},
         {"RetryOptions.max_attempts", "--max-attempts"},
         {"RetryOptions.max_server_wait", "--max-server-wait"},
         {"BackoffOptions.base", "--base-delay"},
         {"BackoffOptions.cap", "--max-delay"},
         {"TotalTimeoutOptions.limit", "--total-timeout"},
         {"AttemptTimeoutOptions.limit", "--attempt-timeout"},
         {"StandardOptions.total_timeout", "--total-timeout"},
         {"StandardOptions.attempt_timeout", "--attempt-timeout"},
         {"HttpsOptions.connect_timeout", "--connect-timeout"},
         {"HttpsOptions.resolve_overrides", "--resolve"},
         {"TlsOptions.ca_file", "--cacert"},
         {"attempt_timeout", "--attempt-timeout"}, // of a preset
         {"total_timeout", "--total-timeout"}}};
    std::string text(complaint);
    for (const Flag& flag : flags) {
        if (const std::size_t at = text.find(flag.field); at != std::string::npos) {
            text.replace(at, flag.field.size(), flag.name);
        }
    }
    return text;
}

} // namespace backstay::inline BACKSTAY_ABI::cli
