#pragma once

#include <backstay/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

struct Field {
    std::string name{}; ///< as it was written; compared without case
    std::string value{};
};

/// Header or trailer fields in the order of the wire, duplicates kept.
class BACKSTAY_EXPORT Fields {
public:
    void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value)}); }
    /// Replaces every field of that name by one.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);

    /// Finds the first value of that name, without regard to case.
    [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
    [[nodiscard]] bool has(std::string_view name) const noexcept { return find(name) != nullptr; }

    [[nodiscard]] auto begin() const noexcept { return list_.begin(); }
    [[nodiscard]] auto end() const noexcept { return list_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    void clear() noexcept { list_.clear(); }
    void reserve(std::size_t count) { list_.reserve(count); }

private:
    std::vector<Field> list_;
};

/// Compares field names: ASCII, without regard to case.
[[nodiscard]] BACKSTAY_EXPORT bool same_field_name(std::string_view a, std::string_view b) noexcept;

/// Says what is wrong with a field for a request (RFC 9110 section 5: a token, and a value without CR, LF,
/// NUL or other control bytes but tab); nullopt when nothing is.
[[nodiscard]] BACKSTAY_EXPORT std::optional<std::string> field_fault(std::string_view name,
                                                                     std::string_view value);

/// True for fields whose value is never shown: Authorization, Proxy-Authorization, Cookie, Set-Cookie, and
/// `more`.
[[nodiscard]] BACKSTAY_EXPORT bool
is_secret_field(std::string_view name, const std::vector<std::string>& more = std::vector<std::string>());

} // namespace backstay::inline BACKSTAY_ABI
