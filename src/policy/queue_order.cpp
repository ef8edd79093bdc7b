#include <backstay/policy/queue_order.hpp>

#include <array>
#include <cstddef>

namespace backstay::inline BACKSTAY_ABI {

std::string_view to_string(QueueOrder order) noexcept {
    static constexpr std::array<std::string_view, 2> names{"fifo", "lifo"};
    return names.at(static_cast<std::size_t>(order));
}

} // namespace backstay::inline BACKSTAY_ABI
