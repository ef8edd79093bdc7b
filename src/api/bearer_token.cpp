#include <backstay/api/bearer_token.hpp>

#include "api/token_store.hpp"

namespace backstay::inline BACKSTAY_ABI {

std::shared_ptr<detail::TokenStore> BearerToken::make_store(TokenProvider provider,
                                                            const RefreshOptions& options) {
    return std::make_shared<detail::TokenStore>(std::move(provider), options);
}

std::string BearerToken::stored() const {
    const auto current = store_->current();
    return current ? current->value : std::string{};
}

} // namespace backstay::inline BACKSTAY_ABI
