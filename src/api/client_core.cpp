#include "api/client_core.hpp"

#include <backstay/pipeline/asio_runtime.hpp>

#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

Url parsed_base(const std::string& text) {
    auto url = Url::parse(text);
    if (!url) {
        // without the text: user info or a query in it may be a secret
        throw std::invalid_argument("ApiClientOptions::base_url must be an absolute https URL: " +
                                    url.error());
    }
    return std::move(*url);
}

void validate(const ApiClientOptions& options) {
    for (const auto& field : options.headers) {
        if (const auto fault = field_fault(field.name, field.value)) {
            throw std::invalid_argument("ApiClientOptions::headers: " + *fault);
        }
    }
    if (options.headers.has("Idempotency-Key")) {
        throw std::invalid_argument(
            "ApiClientOptions::headers: Idempotency-Key would be the same for all calls: "
            "it is set by CallOptions::idempotency_key");
    }
    if (!options.bearer.changes() && field_fault("Authorization", options.bearer.current())) {
        throw std::invalid_argument("ApiClientOptions::bearer: a token must not hold control bytes");
    }
    check_credentials(options.bearer, options.pipeline);
    if (options.codec.max_depth == 0 || options.codec.max_depth > 1'000) {
        throw std::invalid_argument("ApiClientOptions::codec.max_depth is " +
                                    std::to_string(options.codec.max_depth) + ": it must be from 1 to 1000");
    }
    if (options.key_lifetime <= Duration::zero()) {
        throw std::invalid_argument("ApiClientOptions::key_lifetime is " + to_text(options.key_lifetime) +
                                    ": it must be longer than zero");
    }
    if (const auto fault =
            options.deadline_header.empty() ? std::nullopt : field_fault(options.deadline_header, "0")) {
        throw std::invalid_argument("ApiClientOptions::deadline_header: " + *fault);
    }
    if (!options.idempotency_keys) {
        throw std::invalid_argument("ApiClientOptions::idempotency_keys is empty: it must be a function");
    }
}

} // namespace

void check_credentials(const BearerToken& bearer, const ResponsePipeline& pipeline) {
    if (bearer.refreshes() && !pipeline.has(Stage::credentials)) {
        throw std::invalid_argument(
            "ApiClientOptions::pipeline has no stage Credentials: the bearer's provider needs one, inside "
            "Retry and outside what bounds or counts one attempt");
    }
}

ClientCore::ClientCore(asio::any_io_executor given_executor, ApiClientOptions given)
    : executor(std::move(given_executor)),
      options(std::move(given)),
      base(parsed_base(options.base_url)),
      origin(base.origin().to_string()) {
    validate(options);
    if (options.runtime == nullptr) {
        options.runtime = &asio_runtime();
    }
    if (!options.transport) {
        options.transport = std::make_shared<HttpsTransport>(options.https, *options.runtime);
    }
    if (options.redirects) {
        options.transport =
            std::make_shared<RedirectTransport>(std::move(options.transport), *options.redirects);
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
