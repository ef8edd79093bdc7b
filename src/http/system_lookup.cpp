#include "http/lookup.hpp"

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp> // brings the platform's getaddrinfo

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace backstay::inline BACKSTAY_ABI {

namespace {

std::error_code lookup_error(int code) noexcept {
    switch (code) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
        return asio::error::host_not_found;
    case EAI_AGAIN:
        return asio::error::host_not_found_try_again;
    case EAI_MEMORY:
        return std::make_error_code(std::errc::not_enough_memory);
#if defined(EAI_SYSTEM)
    case EAI_SYSTEM:
        return {errno, std::system_category()};
#endif
    default:
        return asio::error::no_recovery;
    }
}

} // namespace

LookupResult system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
        return fail(lookup_error(code));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Addresses addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (entry->ai_addrlen > endpoint.capacity()) {
            continue;
        }
        std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
        endpoint.resize(entry->ai_addrlen);
        if (std::find(addresses.begin(), addresses.end(), endpoint.address()) == addresses.end()) {
            addresses.push_back(endpoint.address());
        }
    }
    if (addresses.empty()) {
        return fail(std::error_code(asio::error::no_data));
    }
    return addresses;
}

} // namespace backstay::inline BACKSTAY_ABI
