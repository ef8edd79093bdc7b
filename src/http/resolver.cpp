#include "http/resolver.hpp"

#include "http/system_error.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c); });
    return text;
}

bool is_localhost(std::string_view host) noexcept {
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return host == "localhost" || host.ends_with(".localhost");
}

} // namespace

Resolver::Resolver(const std::vector<ResolveOverride>& overrides, Duration cache_for, LookupThreads threads)
    : cache_(cache_for), threads_(std::move(threads)) {
    for (const ResolveOverride& given : overrides) {
        std::error_code error;
        const auto address = asio::ip::make_address(given.address, error);
        if (error) {
            throw std::invalid_argument("HttpsOptions.resolve_overrides[" + given.host + "].address is " +
                                        given.address + ", allowed is an IPv4 or IPv6 address");
        }
        overrides_.push_back({lower_case(given.host), given.port, address});
    }
}

Addresses Resolver::known(const Origin& origin) const {
    Addresses found;
    for (const Override& entry : overrides_) {
        if (entry.port == origin.port && entry.host == origin.host) {
            found.push_back(entry.address);
        }
    }
    if (!found.empty()) {
        return found;
    }
    std::error_code no_address;
    if (const auto literal = asio::ip::make_address(origin.host, no_address); !no_address) {
        return {literal};
    }
    if (is_localhost(origin.host)) {
        return {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
    }
    return {};
}

asio::awaitable<expected<Addresses, StepFault>> Resolver::resolve(const Origin& origin, Watchdog& watchdog) {
    if (Addresses found = known(origin); !found.empty()) {
        co_return found;
    }
    Runtime& runtime = watchdog.runtime();
    if (Addresses kept = cache_.find(origin.host, runtime.now()); !kept.empty()) {
        co_return kept;
    }
    Gate done(watchdog.executor());
    std::shared_ptr<LookupThreads::Job> job;
    try {
        job = threads_.join(origin.host, done.opener());
    } catch (const std::system_error& error) {
        co_return fail(StepFault{FailureKind::resource_exhausted, error.code(),
                                 std::string("no thread for a name lookup: ") + error.what()});
    }
    if (watchdog.may_wait()) {
        const Watchdog::Watch watch(watchdog, done);
        co_await done.wait();
    }
    const std::optional<LookupResult> result = threads_.result(*job);
    if (!result) {
        co_return fail(StepFault{FailureKind::resolve_failed, asio::error::timed_out,
                                 "the name " + origin.host + " was still being looked up"});
    }
    if (!*result) {
        FailureKind kind = FailureKind::resolve_failed;
        if (result->error() == std::errc::not_enough_memory) {
            kind = FailureKind::out_of_memory;
        } else if (no_descriptor(result->error())) {
            kind = FailureKind::resource_exhausted;
        }
        co_return fail(StepFault{kind, result->error(),
                                 "cannot resolve " + origin.host + ": " + result->error().message()});
    }
    cache_.keep(origin.host, **result, runtime.now());
    co_return **result;
}

} // namespace backstay::inline BACKSTAY_ABI
