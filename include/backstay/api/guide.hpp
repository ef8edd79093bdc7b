#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// What to tell people about a kind of failure.
struct Guidance {
    std::vector<std::string> advice{}; ///< for the operator, one line each; empty: the neutral lines
    std::string user_message{};        ///< for an end user: no host, id or cause; empty: the neutral one
};

/// A server's handling guide as a table: `ApiError::advice` and `user_message` read it. A cheap handle to an
/// immutable table. Default-constructed: neutral text for every kind.
class BACKSTAY_EXPORT ApiGuide {
public:
    using Table = std::map<FailureKind, Guidance>;

    ApiGuide() noexcept = default;
    explicit ApiGuide(Table table) : table_(std::make_shared<const Table>(std::move(table))) {}

    /// Whether it has no table.
    [[nodiscard]] bool is_neutral() const noexcept { return table_ == nullptr; }

    [[nodiscard]] const std::vector<std::string>& advice(FailureKind kind) const noexcept;
    [[nodiscard]] std::string_view user_message(FailureKind kind) const noexcept;

private:
    [[nodiscard]] const Guidance* find(FailureKind kind) const noexcept;

    std::shared_ptr<const Table> table_;
};

/// The guide of the AgentSync APIs: its "How to handle" lines, word for word.
[[nodiscard]] BACKSTAY_EXPORT ApiGuide agentsync_guide();

} // namespace backstay::inline BACKSTAY_ABI
