#pragma once

#include <cstddef>

namespace backstay::test {

/// While it lives, one allocation of this thread fails, that after `granted` others; or, `from_then_on`, all
/// of them do. The program's `operator new` is replaced for it.
class ScarceMemory {
public:
    explicit ScarceMemory(std::size_t granted, bool from_then_on = false) noexcept;
    ScarceMemory(const ScarceMemory&) = delete;
    ScarceMemory& operator=(const ScarceMemory&) = delete;
    ~ScarceMemory();

    /// Whether an allocation has failed.
    [[nodiscard]] bool ran_out() const noexcept;
};

} // namespace backstay::test
