#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>
#include <backstay/testing/request_log.hpp>
#include <backstay/testing/sandbox.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

struct ApiRequest {
    std::string method{};
    std::string target{}; ///< path and query
    Fields fields{};
    std::string body{};
};

struct ApiReply {
    int status = 200;
    Fields fields{};
    std::string body{};
};

/// The API of the guide: resources in memory, authentication, rate limit, idempotency keys. Does no I/O and
/// reads no steady clock.
/// Thread safety: none.
class BACKSTAY_EXPORT GuideApi {
public:
    /// Throws `std::invalid_argument` for an option out of range.
    explicit GuideApi(SandboxApiOptions options);
    ~GuideApi();

    /// Answers a request; `request_id` goes into the bodies that name one.
    [[nodiscard]] ApiReply answer(const ApiRequest& request, const std::string& request_id, TimePoint now);

    /// Takes another token than the options' from now on.
    void replace_token(std::string token) noexcept;

    /// Gives what has happened since the last time this was asked.
    [[nodiscard]] std::vector<Effect> take_effects();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
