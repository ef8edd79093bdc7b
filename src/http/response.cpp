#include <backstay/http/response.hpp>

namespace backstay::inline BACKSTAY_ABI {

const ResponseParts& Response::empty() noexcept {
    static const ResponseParts parts{.status = 200};
    return parts;
}

void Response::mark_shared() {
    if (parts_.use_count() != 1) {
        parts_ = std::make_shared<ResponseParts>(parts());
    }
    std::const_pointer_cast<ResponseParts>(parts_)->exchange.shared = true; // nobody else sees it yet
}

} // namespace backstay::inline BACKSTAY_ABI
