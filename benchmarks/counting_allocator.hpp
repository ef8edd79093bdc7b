#pragma once

#include <cstdint>

namespace backstay {

/// Counts the allocations of this process so far: `malloc`, `calloc`, `realloc`, `aligned_alloc`,
/// `posix_memalign` and so `operator new`.
[[nodiscard]] std::uint64_t allocations() noexcept;

} // namespace backstay
