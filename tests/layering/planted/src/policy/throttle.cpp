#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail {

template <class T>
struct Window {};

struct Inner {};
struct Mine {};

} // namespace backstay::inline BACKSTAY_ABI::detail
