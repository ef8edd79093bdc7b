#pragma once

#include "http/lookup.hpp"

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Remembers for a while what lookups found. Only what was found: a failure is asked about again, and calls
/// that ask at once share that lookup anyway. When it is full, what would expire first makes room.
/// Thread safety: any thread.
class BACKSTAY_EXPORT AddressCache {
public:
    /// Remembers nothing when `keep_for` is zero.
    explicit AddressCache(Duration keep_for, std::size_t max_names = 1'000) noexcept
        : keep_for_(keep_for), max_names_(max_names) {}

    /// What is known of that name, and still counts; else nothing.
    [[nodiscard]] Addresses find(std::string_view host, TimePoint now);
    /// Errors: throws `std::bad_alloc`.
    void keep(const std::string& host, const Addresses& addresses, TimePoint now);
    /// Forgets addresses of which none answered: the name may have moved.
    void forget(std::string_view host) noexcept;

    [[nodiscard]] std::size_t size() const noexcept;

private:
    struct Entry {
        Addresses addresses{};
        TimePoint until{};
    };

    const Duration keep_for_;
    const std::size_t max_names_;
    mutable std::mutex mutex_; ///< for all that follows
    std::map<std::string, Entry, std::less<>> entries_;
};

} // namespace backstay::inline BACKSTAY_ABI
