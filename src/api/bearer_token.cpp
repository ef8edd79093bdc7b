#include <backstay/api/bearer_token.hpp>

#include "api/token_store.hpp"

#include <atomic>

namespace backstay::inline BACKSTAY_ABI {

std::shared_ptr<detail::TokenStore> BearerToken::make_store(TokenProvider provider,
                                                            const RefreshOptions& options) {
    return std::make_shared<detail::TokenStore>(std::move(provider), options);
}

std::uint64_t BearerToken::next_number() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string BearerToken::stored() const {
    const auto current = store_->current();
    return current ? current->value : std::string{};
}

} // namespace backstay::inline BACKSTAY_ABI
