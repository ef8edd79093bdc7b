#include <backstay/http/response.hpp>

namespace backstay::inline BACKSTAY_ABI {

const ResponseParts& Response::empty() noexcept {
    static const ResponseParts parts{.status = 200};
    return parts;
}

/// Nobody else sees them.
ResponseParts& Response::own_parts() {
    if (parts_.use_count() != 1) {
        parts_ = std::make_shared<ResponseParts>(parts());
    }
    return *std::const_pointer_cast<ResponseParts>(parts_);
}

void Response::mark_shared() {
    own_parts().exchange.shared = true;
}

void Response::mark_redirected(int redirects, std::string final_url) {
    ExchangeInfo& exchange = own_parts().exchange;
    exchange.redirects = redirects;
    exchange.final_url = std::move(final_url);
}

} // namespace backstay::inline BACKSTAY_ABI
