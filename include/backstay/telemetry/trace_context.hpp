#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/random.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// Where a span stands in its trace: what a `traceparent` field says.
/// Source: W3C Trace Context, https://www.w3.org/TR/trace-context/.
struct TraceContext {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{}; ///< the field's `parent-id`: for its receiver, the parent's
    bool sampled = false;                  ///< its sender may have recorded it

    /// An id of zeros is none.
    [[nodiscard]] BACKSTAY_EXPORT bool valid() const noexcept;
    friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

/// Reads a `traceparent`: exactly 55 characters of version 00; of a later version, more may follow behind a
/// dash. nullopt for version ff, upper case, an id of zeros and everything else that is none. Flags beyond
/// `sampled` are not kept: they are reserved.
[[nodiscard]] BACKSTAY_EXPORT std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;

/// Writes it in version 00.
[[nodiscard]] BACKSTAY_EXPORT std::string to_traceparent(const TraceContext& context);

/// Writes an id as lower-case hexadecimal digits.
[[nodiscard]] BACKSTAY_EXPORT std::string to_hex(const std::array<std::uint8_t, 16>& trace_id);
[[nodiscard]] BACKSTAY_EXPORT std::string to_hex(const std::array<std::uint8_t, 8>& span_id);

/// Begins a trace: random ids, not sampled. They are unique as far as the source's seed is: not for secrets.
[[nodiscard]] BACKSTAY_EXPORT TraceContext new_trace(Random& random) noexcept;

/// Continues a trace in a new span: a random span id, the rest as it is.
[[nodiscard]] BACKSTAY_EXPORT TraceContext new_span(const TraceContext& parent, Random& random) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
