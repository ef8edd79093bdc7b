#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/runtime.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Real time: the steady clock, and for each execution context one timer of the system that serves all of its
/// timers. Thread safety: stateless; one serves the whole process.
class BACKSTAY_EXPORT AsioRuntime final : public Runtime {
public:
    [[nodiscard]] TimePoint now() noexcept override;
    [[nodiscard]] WallTime wall_now() noexcept override;

    /// Draws from a stream of the calling thread's own, seeded by entropy that the process took from the
    /// operating system once.
    [[nodiscard]] std::uint64_t seed() noexcept override;

    void arm(Timer& timer, TimePoint until) override;
    void disarm(Timer& timer) noexcept override;
};

/// The runtime that everything uses unless it is given another one.
[[nodiscard]] BACKSTAY_EXPORT Runtime& asio_runtime() noexcept;

} // namespace backstay::inline BACKSTAY_ABI
