#pragma once

#include <backstay/core/config.hpp>
#include <backstay/testing/detail/guide_api.hpp>
#include <backstay/testing/detail/playback.hpp>
#include <backstay/testing/detail/script_cursor.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace backstay::inline BACKSTAY_ABI::detail::sandbox {

/// Decides what a request gets: the script's next step, or the API's reply. Does no I/O.
/// Thread safety: every function from any thread.
class Responder {
public:
    /// Throws `std::invalid_argument` for a script or option out of range.
    Responder(FaultScript script, SandboxApiOptions api);

    struct Answer {
        Playback playback;
        std::vector<Effect> effects;
    };

    /// Answers a request, and fills in the record's status, fault and ids.
    [[nodiscard]] Answer answer(const ApiRequest& request, bool last, SeenRequest& record);
    /// Answers bytes that are no acceptable request.
    [[nodiscard]] Answer refuse(int status, SeenRequest& record);

    void play(FaultScript script);
    void replace_token(std::string token);
    [[nodiscard]] ConnectionFault next_connection();

private:
    std::string next_request_id();

    std::mutex mutex_;
    ScriptCursor cursor_;
    GuideApi api_;
    std::uint64_t ids_ = 0;
};

} // namespace backstay::inline BACKSTAY_ABI::detail::sandbox
