#pragma once

#include <backstay/api/api_error.hpp>
#include <backstay/api/codec.hpp>
#include <backstay/api/detail/json_place.hpp>
#include <backstay/api/reply.hpp>
#include <backstay/core/config.hpp>
#include <backstay/http/response.hpp>

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI::detail {

class CallRecord;

/// A 2xx or a 304 before its body has been read: what does not depend on the type that the caller asked for.
class BACKSTAY_EXPORT RawReply {
public:
    enum class Body : std::uint8_t { absent, present, malformed };

    RawReply(Response response, ApiError::Detail context, const Codec& codec,
             std::shared_ptr<CallRecord> record = nullptr) noexcept;
    RawReply(RawReply&&) noexcept = default; ///< before `read`
    RawReply& operator=(RawReply&&) = delete;
    ~RawReply() = default;

    [[nodiscard]] const Response& response() const noexcept { return response_; }

    [[nodiscard]] bool not_modified() const noexcept { return response_.status() == 304; }

    /// Parses the body and finds the data in its envelope; `absent` when there is no body. `malformed` leaves
    /// a fault.
    [[nodiscard]] Body read();
    /// Where the data stands; after `read` said `present`.
    [[nodiscard]] JsonPlace data() noexcept;

    /// Fills in all that a `Reply` tells apart from its data.
    void describe(ReplyInfo& info) const;

    /// Makes the error for a body that does not suit; `decode_error`, or `not_modified` after a 304.
    [[nodiscard]] ApiError unsuitable() &&;
    /// Makes the error for what was thrown while decoding. Call it in a catch block.
    [[nodiscard]] ApiError thrown() && noexcept;

    /// Tells what the call came to, once that is certain: null for a success.
    void ended(const ApiError* error) const noexcept {
        if (record_) {
            tell(error);
        }
    }

private:
    [[nodiscard]] Body malformed(std::string words);
    void tell(const ApiError* error) const noexcept;
    [[nodiscard]] ApiError error(FailureKind kind) && noexcept;
    [[nodiscard]] std::string request_id() const;

    Response response_;
    ApiError::Detail context_;
    Codec codec_;
    std::shared_ptr<CallRecord> record_;
    boost::json::value root_;
    const boost::json::value* data_ = nullptr;
    std::string_view data_name_;
    JsonFault fault_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail
