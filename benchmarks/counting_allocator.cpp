#include "counting_allocator.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

// Replaces the C allocation functions by counting ones over glibc's own, so that memory taken without
// `operator new` (Asio takes coroutine frames by `aligned_alloc`) is seen too.

extern "C" {
void* __libc_malloc(std::size_t size);                          // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t size);       // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* block, std::size_t size);            // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t alignment, std::size_t size); // NOLINT(bugprone-reserved-identifier)
}

namespace {
thread_local std::uint64_t count = 0;
}

extern "C" {
void* malloc(std::size_t size) {
    ++count;
    return __libc_malloc(size);
}
void* calloc(std::size_t items, std::size_t size) {
    ++count;
    return __libc_calloc(items, size);
}
void* realloc(void* block, std::size_t size) {
    ++count;
    return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++count;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    ++count;
    *block = __libc_memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}
}

std::uint64_t backstay::allocations() noexcept {
    return count;
}

bool backstay::allocations_are_counted() {
    const std::uint64_t before = count;
    void* volatile block = std::malloc(1); // volatile: or the compiler leaves the pair out
    std::free(block);
    block = std::aligned_alloc(64, 64);
    std::free(block);
    block = ::operator new(1);
    ::operator delete(block);
    block = ::operator new(64, std::align_val_t{64});
    ::operator delete(block, std::align_val_t{64});
    return count == before + 4;
}
