#include "scarce_memory.hpp"

#include <cstdlib>
#include <new>

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are what others allocate with

namespace backstay::test {
namespace {

struct Purse {
    bool counts = false;
    bool empty = false;
    std::size_t left = 0;
    std::size_t size = 0; ///< 0: any
};

thread_local Purse purse;

/// Null when this allocation is one that fails.
void* allocate(std::size_t size) noexcept {
    if (purse.counts && !purse.empty && (purse.size == 0 || purse.size == size)) {
        if (purse.left == 0) {
            purse.empty = true;
            return nullptr;
        }
        --purse.left;
    }
    return std::malloc(size != 0 ? size : 1);
}

} // namespace

ScarceMemory::ScarceMemory(std::size_t granted, std::size_t size) noexcept {
    purse = {.counts = true, .left = granted, .size = size};
}

ScarceMemory::~ScarceMemory() {
    purse.counts = false;
}

bool ScarceMemory::ran_out() const noexcept { // NOLINT(readability-convert-member-functions-to-static)
    return purse.empty;
}

} // namespace backstay::test

void* operator new(std::size_t size) {
    if (void* const made = backstay::test::allocate(size)) {
        return made;
    }
    throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    return backstay::test::allocate(size);
}

void operator delete(void* place) noexcept {
    std::free(place);
}

void operator delete(void* place, std::size_t /*size*/) noexcept {
    std::free(place);
}

void operator delete(void* place, const std::nothrow_t& /*tag*/) noexcept {
    std::free(place);
}

// NOLINTEND(cppcoreguidelines-no-malloc)
