#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/testing/detail/guide_api.hpp>
#include <backstay/testing/fault_script.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// How a reply is to look on the wire, apart from what it says.
struct ReplyForm {
    bool to_head = false;              ///< the request was HEAD: no body, but its length
    bool last = false;                 ///< says `Connection: close`
    std::vector<std::size_t> chunks{}; ///< sizes of the chunks, the last again and again; empty: not chunked
    WallTime date{};
};

/// Writes head and body. A field that the reply brings along stands as it is, even if it lies: a
/// Content-Length or Transfer-Encoding of its own is not corrected.
[[nodiscard]] std::string write_reply(const ApiReply& reply, const ReplyForm& form);

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
