#pragma once

#include <backstay/core/config.hpp>
#include <backstay/http/request.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

/// The bytes of one request in the order of the wire. A producer is asked for a piece when the one before has
/// been written, and for the first one before the head is: if that fails, nothing has been sent.
class BACKSTAY_EXPORT RequestBytes {
public:
    /// Begins the body. Errors: throws what its producer throws. Lifetime: the request outlives this.
    RequestBytes(std::string head, const Request& request);

    /// What is to be written now; empty: all has been. Errors: throws what the producer throws, and
    /// `std::length_error` when it keeps to no length.
    [[nodiscard]] std::string_view next();
    void written(std::size_t bytes) noexcept;
    /// All has been written.
    [[nodiscard]] bool done() const noexcept {
        return position_ == buffer_.size() && body_.empty() && ended_;
    }

private:
    void append_piece();

    std::string buffer_; ///< head and body, or the piece that is being written
    std::size_t position_ = 0;
    std::string_view body_; ///< one in memory, still to come
    BodyReader reader_;
    bool chunked_ = false;
    std::uint64_t left_ = 0; ///< of the announced length
    bool ended_ = true;      ///< the producer has nothing more
};

} // namespace backstay::inline BACKSTAY_ABI
