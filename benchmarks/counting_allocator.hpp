#pragma once

#include <cstdint>

namespace backstay {

/// Counts the allocations of the calling thread so far: `malloc`, `calloc`, `realloc`, `aligned_alloc`,
/// `posix_memalign` and so `operator new`.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// Makes sure that each way of taking memory is counted: another allocator may have come between.
[[nodiscard]] bool allocations_are_counted();

} // namespace backstay
