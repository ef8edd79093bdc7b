#pragma once

#include <cstddef>

namespace backstay::test {

/// Measures how much more the program held by `operator new`, at the most, than when this was made. The
/// program's `operator new` is replaced for it. Thread safety: none, and one at a time.
class HeapPeak {
public:
    HeapPeak() noexcept;

    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    std::size_t before_;
};

} // namespace backstay::test
