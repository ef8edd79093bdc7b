#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// A JSON value and where it stands. What does not fit is complained of: the first complaint is kept, and a
/// neutral value is returned, so that reading goes on without a check after every step.
class JsonNode {
public:
    using Complaint = std::optional<std::string>;

    JsonNode(const boost::json::value& value, std::string path, Complaint& complaint)
        : value_(&value), path_(std::move(path)), complaint_(&complaint) {}

    /// Records `<path>: <what>` unless something was wrong before.
    void complain(std::string_view what) const;

    /// Demands an object that has no other keys than these.
    void expect_keys(std::initializer_list<std::string_view> keys) const;
    /// Finds a member; nullopt when it is not there or this is no object.
    [[nodiscard]] std::optional<JsonNode> find(std::string_view key) const;

    /// Calls `read(JsonNode)` for each item of an array.
    template <class Read>
    void each(Read read) const {
        const auto* items = value_->if_array();
        if (items == nullptr) {
            complain(shown() + " is not a list");
            return;
        }
        for (std::size_t index = 0; index < items->size(); ++index) {
            read(JsonNode((*items)[index], path_ + "[" + std::to_string(index) + "]", *complaint_));
        }
    }
    /// Calls `read(key, JsonNode)` for each member of an object.
    template <class Read>
    void each_member(Read read) const {
        const auto* members = value_->if_object();
        if (members == nullptr) {
            complain(shown() + " is not an object");
            return;
        }
        for (const auto& member : *members) {
            read(std::string(member.key()), child(member.key(), member.value()));
        }
    }

    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool flag() const;
    [[nodiscard]] std::int64_t integer(std::int64_t lowest, std::int64_t highest) const;
    [[nodiscard]] std::size_t bytes() const; ///< 0 to 2^31-1
    [[nodiscard]] Duration duration() const;
    /// Finds a string's place in a list of names.
    [[nodiscard]] std::size_t one_of(std::span<const std::string_view> names) const;

    [[nodiscard]] bool is_null() const noexcept { return value_->is_null(); }
    [[nodiscard]] bool is_array() const noexcept { return value_->is_array(); }
    [[nodiscard]] const boost::json::value& value() const noexcept { return *value_; }

private:
    [[nodiscard]] JsonNode child(std::string_view key, const boost::json::value& value) const;
    [[nodiscard]] std::string shown() const; ///< the value as JSON, shortened

    const boost::json::value* value_;
    std::string path_;
    Complaint* complaint_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
