#include <backstay/core/certainty.hpp>

#include <array>

namespace backstay::inline BACKSTAY_ABI {

std::string_view to_string(Certainty certainty) noexcept {
    static constexpr std::array<std::string_view, 4> names{"not_sent", "refused", "unknown", "answered"};
    return names.at(static_cast<std::size_t>(certainty));
}

} // namespace backstay::inline BACKSTAY_ABI
