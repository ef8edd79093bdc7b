#pragma once

#include <cstddef>

namespace backstay::test {

/// While it lives, one allocation of this thread fails, that after `granted` others; those of other sizes
/// than `size`, unless that is 0, are neither counted nor fail. The program's `operator new` is replaced for
/// it.
class ScarceMemory {
public:
    explicit ScarceMemory(std::size_t granted, std::size_t size = 0) noexcept;
    ScarceMemory(const ScarceMemory&) = delete;
    ScarceMemory& operator=(const ScarceMemory&) = delete;
    ~ScarceMemory();

    /// Whether an allocation has failed.
    [[nodiscard]] bool ran_out() const noexcept;
};

} // namespace backstay::test
