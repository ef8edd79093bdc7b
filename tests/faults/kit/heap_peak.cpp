#include "faults/kit/heap_peak.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> held{0};
std::atomic<std::size_t> most{0};

} // namespace

void* operator new(std::size_t size) {
    void* const block = std::malloc(size != 0 ? size : 1);
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    const std::size_t now = held += malloc_usable_size(block);
    most = std::max(most.load(), now);
    return block;
}

void operator delete(void* block) noexcept {
    held -= malloc_usable_size(block); // 0 for null
    std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
    ::operator delete(block);
}

namespace backstay::test {

HeapPeak::HeapPeak() noexcept : before_(held.load()) {
    most = before_;
}

std::size_t HeapPeak::bytes() const noexcept {
    return most - before_;
}

} // namespace backstay::test
