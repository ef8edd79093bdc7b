#pragma once

#include <backstay/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace backstay::inline BACKSTAY_ABI {

/// Where a reply's data stands in its JSON document.
enum class Envelope : std::uint8_t {
    required, ///< in the member `data` of an object
    optional, ///< in `data` when the document is an object that has one, else it is the whole document
    none,     ///< it is the whole document
};

/// How bodies are read.
struct Codec {
    Envelope envelope = Envelope::required;
    std::size_t max_depth = 64; ///< of nested arrays and objects in any JSON that a server sends
};

} // namespace backstay::inline BACKSTAY_ABI
