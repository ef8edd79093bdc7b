#include "pipeline/driver.hpp"

namespace backstay::inline BACKSTAY_ABI::detail {

template <class T>
class Unlike;
class Window final : Unlike<int> {
    struct Inner {};
};

namespace {
struct Mine {};
} // namespace

} // namespace backstay::inline BACKSTAY_ABI::detail
