#include <backstay/http/transport_error.hpp>

namespace backstay::inline BACKSTAY_ABI {

void TransportError::mark_shared() {
    Detail shared = detail_ ? *detail_ : Detail{};
    shared.exchange.shared = true;
    detail_ = std::make_shared<const Detail>(std::move(shared));
}

} // namespace backstay::inline BACKSTAY_ABI
