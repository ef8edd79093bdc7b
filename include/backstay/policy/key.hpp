#pragma once

#include <backstay/core/call_context.hpp>

namespace backstay::inline BACKSTAY_ABI {

/// Picks the parts of a call's key by which a policy keeps state apart: it returns the key with what does not
/// matter left empty. A part may be shortened, for example an origin to its host. The views must live as long
/// as those they were taken from.
using KeyFunction = CallKey (*)(const CallKey&) noexcept;

/// Picks calls by what they are about.
using KeyFilter = bool (*)(const CallKey&) noexcept;

/// One state per origin: the default of most policies.
[[nodiscard]] constexpr CallKey by_origin(const CallKey& key) noexcept {
    return {.origin = key.origin};
}

/// One state per origin and operation: calls whose latencies are of a kind.
[[nodiscard]] constexpr CallKey by_operation(const CallKey& key) noexcept {
    return {.origin = key.origin, .operation = key.operation};
}

/// One state per origin and partition (a shard, a tenant).
[[nodiscard]] constexpr CallKey by_origin_and_partition(const CallKey& key) noexcept {
    return {.origin = key.origin, .partition = key.partition};
}

/// One state per origin, credential and partition: what a server that limits its clients tells apart.
[[nodiscard]] constexpr CallKey by_client(const CallKey& key) noexcept {
    return {.origin = key.origin, .credential = key.credential, .partition = key.partition};
}

} // namespace backstay::inline BACKSTAY_ABI
