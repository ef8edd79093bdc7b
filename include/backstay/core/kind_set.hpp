#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/failure.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>

namespace backstay::inline BACKSTAY_ABI {

/// A set of failure kinds, users' own included.
class KindSet {
public:
    constexpr KindSet() noexcept = default;
    constexpr KindSet(std::initializer_list<FailureKind> kinds) noexcept {
        for (const FailureKind kind : kinds) {
            add(kind);
        }
    }

    [[nodiscard]] static constexpr KindSet all() noexcept {
        KindSet set;
        set.words_.fill(~std::uint64_t{0});
        return set;
    }
    constexpr KindSet& add(FailureKind kind) noexcept {
        words_[word(kind)] |= bit(kind);
        return *this;
    }
    constexpr KindSet& remove(FailureKind kind) noexcept {
        words_[word(kind)] &= ~bit(kind);
        return *this;
    }
    [[nodiscard]] constexpr bool has(FailureKind kind) const noexcept {
        return (words_[word(kind)] & bit(kind)) != 0;
    }

    friend constexpr bool operator==(const KindSet&, const KindSet&) = default;

private:
    static constexpr std::size_t word(FailureKind kind) noexcept {
        return static_cast<std::size_t>(kind) / 64;
    }
    static constexpr std::uint64_t bit(FailureKind kind) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(kind) % 64;
    }

    std::array<std::uint64_t, 4> words_{};
};

} // namespace backstay::inline BACKSTAY_ABI
