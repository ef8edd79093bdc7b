#include <backstay/http/response.hpp>

namespace backstay::inline BACKSTAY_ABI {

const ResponseParts& Response::empty() noexcept {
    static const ResponseParts parts{.status = 200};
    return parts;
}

} // namespace backstay::inline BACKSTAY_ABI
