#include "http/address_cache.hpp"

#include <algorithm>

namespace backstay::inline BACKSTAY_ABI {

Addresses AddressCache::find(std::string_view host, TimePoint now) {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(host);
    if (known == entries_.end()) {
        return {};
    }
    if (known->second.until <= now) {
        entries_.erase(known);
        return {};
    }
    return known->second.addresses;
}

void AddressCache::keep(const std::string& host, const Addresses& addresses, TimePoint now) {
    if (keep_for_ == Duration::zero() || addresses.empty()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(host, Entry{addresses, saturating_add(now, keep_for_)});
    if (entries_.size() > max_names_) {
        entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
            return a.second.until < b.second.until;
        }));
    }
}

void AddressCache::forget(std::string_view host) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto known = entries_.find(host); known != entries_.end()) {
        entries_.erase(known);
    }
}

std::size_t AddressCache::size() const noexcept {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

} // namespace backstay::inline BACKSTAY_ABI
