#pragma once

#include <backstay/core/config.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

/// What is wrong with a document.
struct JsonFault {
    std::string text{};  ///< for the caller
    std::string plain{}; ///< the same without a word of the document's: for logs
};

/// One place in a JSON document: a value, or the lack of one, and the way to it, which is written out only
/// when something there is wrong. Lifetime: within the place that it was made from.
class BACKSTAY_EXPORT JsonPlace {
public:
    /// `fault` takes what is wrong.
    JsonPlace(const boost::json::value* document, std::string_view name, JsonFault& fault) noexcept
        : value_(document), name_(name), fault_(fault) {}

    [[nodiscard]] JsonPlace member(const boost::json::object& object, std::string_view name) const noexcept;
    /// The same of a map, of which the names are the server's own.
    [[nodiscard]] JsonPlace entry(const boost::json::object& map, std::string_view name) const noexcept;
    [[nodiscard]] JsonPlace element(const boost::json::array& array, std::size_t index) const noexcept;

    /// Missing or null.
    [[nodiscard]] bool absent() const noexcept { return value_ == nullptr || value_->is_null(); }
    [[nodiscard]] const boost::json::object* object() const noexcept;
    [[nodiscard]] const boost::json::array* array() const noexcept;
    [[nodiscard]] std::optional<std::string_view> text() const noexcept;

    // Each of these says what is wrong when the value does not suit.
    [[nodiscard]] bool read(boost::json::value& out) const;
    [[nodiscard]] bool read(std::string& out) const;
    [[nodiscard]] bool read(bool& out) const;
    [[nodiscard]] bool read(double& out) const;
    /// Reads an integer in the range, as its 64 bits. A number without a fraction is one, however written.
    [[nodiscard]] std::optional<std::uint64_t> integer(std::int64_t least, std::uint64_t most) const;

    /// Writes `path: expected this, found that`; false. A string's text is written only by `unknown_name`: it
    /// might be a secret.
    bool mismatch(std::string_view expected) const;
    /// The same for the name of an enumerator.
    bool unknown_name(std::string_view expected) const;

private:
    JsonPlace(const JsonPlace& parent, const boost::json::value* value, std::string_view name,
              std::size_t index) noexcept
        : parent_(&parent), value_(value), name_(name), index_(index), fault_(parent.fault_) {}

    bool write_fault(std::string_view expected, std::string_view found) const;
    void write_path(std::string& text, bool plain) const;

    const JsonPlace* parent_ = nullptr;
    const boost::json::value* value_;
    std::string_view name_;
    std::size_t index_ = 0; ///< when there is no name
    bool foreign_ = false;  ///< the name is the server's
    JsonFault& fault_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
