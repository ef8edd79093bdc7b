#include "api/client_core.hpp"

#include "api/client_check.hpp"

#include <backstay/pipeline/asio_runtime.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail {
namespace {

/// A name that nobody else has, without a word of the credential in it.
std::string fresh_name(std::string_view kind) {
    static std::atomic<std::uint64_t> last{0};
    return std::string(kind) + "#" + std::to_string(last.fetch_add(1, std::memory_order_relaxed) + 1);
}

std::string name_of_credential(const ApiClientOptions& options) {
    if (!options.credential.empty()) {
        return options.credential;
    }
    if (options.bearer.number() != 0) {
        return "bearer#" + std::to_string(options.bearer.number());
    }
    return options.headers.has("Authorization") ? fresh_name("header") : std::string();
}

} // namespace

ClientCore::ClientCore(asio::any_io_executor given_executor, ApiClientOptions given)
    : executor(std::move(given_executor)),
      options(std::move(given)),
      base(checked_base(options.base_url)),
      origin(base.origin().to_string()),
      credential(name_of_credential(options)),
      foreign_credential(fresh_name("foreign")) {
    check_client(options, base);
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

void ClientCore::add_defaults(const CallOptions& overrides) {
    check_defaults(overrides, base, "CallOptions");
    options.defaults = CallOptions{overrides}.fill_from(options.defaults);
    if (overrides.values().headers.has("Authorization")) {
        foreign_credential = fresh_name("foreign");
    }
}

} // namespace backstay::inline BACKSTAY_ABI::detail
