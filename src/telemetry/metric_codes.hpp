#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/event.hpp>
#include <backstay/core/failure.hpp>

#include <algorithm>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI::detail {

// The labels of one count, packed into a number: what the tables of a cell are keyed by.

/// All of a user's own kinds count as one, as they have one name.
[[nodiscard]] inline FailureKind named_kind(FailureKind kind) noexcept {
    return kind > FailureKind::client_closed ? FailureKind{255} : kind;
}

struct CallCode {
    FailureKind kind = FailureKind::none;
    StopReason stop_reason = StopReason::none;
    RefusedBy refused_by = RefusedBy::none;

    [[nodiscard]] std::uint32_t pack() const noexcept {
        return static_cast<std::uint32_t>(named_kind(kind)) << 16U |
               static_cast<std::uint32_t>(stop_reason) << 8U | static_cast<std::uint32_t>(refused_by);
    }
    [[nodiscard]] static CallCode unpack(std::uint32_t code) noexcept {
        return {FailureKind(code >> 16U & 0xffU), StopReason(code >> 8U & 0xffU), RefusedBy(code & 0xffU)};
    }
};

struct AttemptCode {
    static constexpr int largest_number = 10; ///< and all beyond

    FailureKind kind = FailureKind::none;
    int number = 1;

    [[nodiscard]] std::uint32_t pack() const noexcept {
        return static_cast<std::uint32_t>(named_kind(kind)) << 8U |
               static_cast<std::uint32_t>(std::clamp(number, 0, largest_number));
    }
    [[nodiscard]] static AttemptCode unpack(std::uint32_t code) noexcept {
        return {FailureKind(code >> 8U & 0xffU), static_cast<int>(code & 0xffU)};
    }
};

struct OutcomeCode {
    FailureKind kind = FailureKind::none;
    std::uint16_t status = 0;

    [[nodiscard]] std::uint32_t pack() const noexcept {
        return static_cast<std::uint32_t>(named_kind(kind)) << 16U | status;
    }
    [[nodiscard]] static OutcomeCode unpack(std::uint32_t code) noexcept {
        return {FailureKind(code >> 16U & 0xffU), static_cast<std::uint16_t>(code & 0xffffU)};
    }
};

struct EventCode {
    EventType type = EventType::refused;
    RefusedBy refused_by = RefusedBy::none;
    bool dry_run = false;

    [[nodiscard]] std::uint32_t pack() const noexcept {
        return static_cast<std::uint32_t>(type) << 16U | static_cast<std::uint32_t>(refused_by) << 8U |
               (dry_run ? 1U : 0U);
    }
    [[nodiscard]] static EventCode unpack(std::uint32_t code) noexcept {
        return {EventType(code >> 16U & 0xffU), RefusedBy(code >> 8U & 0xffU), (code & 1U) != 0};
    }
};

} // namespace backstay::inline BACKSTAY_ABI::detail
