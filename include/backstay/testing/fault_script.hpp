#pragma once

#include <backstay/core/config.hpp>
#include <backstay/core/expected.hpp>
#include <backstay/core/time.hpp>
#include <backstay/http/fields.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backstay::inline BACKSTAY_ABI {

/// A reply that stands in the script; the API is not asked, so nothing happens there.
struct ScriptedReply {
    int status = 200;
    Fields fields{};                   ///< these replace the sandbox's own of the same name
    std::optional<std::string> body{}; ///< nullopt: the guide's body for that status
    /// The wait to name, in the Retry-After field and in the guide's body; nullopt: the guide's own.
    std::optional<std::chrono::seconds> retry_after{};
    bool without_wait = false; ///< names no wait even where the guide does
};

/// How a reply is broken off. Bytes are counted from the first of the status line.
struct Cut {
    enum class Kind : std::uint8_t {
        none,
        reset, ///< RST
        close, ///< FIN
        stall, ///< sends nothing more and keeps the connection
    };

    Kind kind = Kind::none;
    std::size_t at_byte = 0;  ///< beyond the reply's end: after it
    bool close_notify = true; ///< TLS says goodbye before the FIN of `close`
};

/// A silence in the middle of a reply.
struct Pause {
    std::size_t at_byte = 0;
    Duration duration{0};
};

/// Sends a reply in small pieces, each in a TLS record of its own.
struct Drip {
    std::size_t bytes = 0; ///< in a piece; 0: as large as they come
    Duration every{0};
};

/// What becomes of the connection after a whole reply.
enum class AfterReply : std::uint8_t {
    keep_alive,
    close,                 ///< says `Connection: close` and closes
    close_silently,        ///< closes without a word: a kept-alive connection goes stale
    close_on_next_request, ///< reads the next request and closes without an answer: the stale one's race
};

/// One thing to do to a request.
struct FaultStep {
    std::optional<ScriptedReply> reply{}; ///< nullopt: the API's own reply, with all its effects
    std::optional<std::string> raw{};     ///< sends these bytes instead of any reply
    Duration delay{0};                    ///< before the first byte
    std::vector<Pause> pauses{};          ///< in ascending order of `at_byte`
    Drip drip{};
    std::vector<std::size_t> chunks{}; ///< chunked, in pieces of these sizes, the last again and again
    Cut cut{};
    AfterReply after = AfterReply::keep_alive;
    int times = 1; ///< plays it so often before the next step
};

/// The steps of the requests that match.
struct FaultRoute {
    enum class Then : std::uint8_t {
        api,    ///< the API answers from then on
        repeat, ///< the steps begin again
        last,   ///< the last step is played from then on
    };

    std::string method = "*"; ///< `*`: any
    std::string path = "**";  ///< without the query; `*` is any one segment, a last `**` any rest
    std::vector<FaultStep> steps{};
    Then then = Then::api;
};

/// What is done to a connection before any request is read from it.
enum class ConnectionFault : std::uint8_t {
    serve, ///< nothing
    reset_after_accept,
    close_after_accept,
    stall_handshake,    ///< accepts and stays silent
    reset_in_handshake, ///< after the client's first bytes
    close_in_handshake,
    garbage_in_handshake, ///< answers the client's first bytes with bytes that are no TLS
    stall_before_reading, ///< completes the handshake and reads nothing
};

struct ConnectionStep {
    ConnectionFault fault = ConnectionFault::serve;
    int times = 1;
};

/// What the sandbox does instead of, or to, the API's replies. docs/fault_script.md describes its JSON form.
struct FaultScript {
    std::vector<ConnectionStep> connections{}; ///< one a connection, in the order of arrival; then `serve`
    std::vector<FaultRoute> routes{};          ///< the first that matches counts
};

/// Reads the JSON form. The error names the place and what is allowed there:
/// `fault script: routes[0].steps[2].delay: "5 parsecs" is not a duration; write 250ms, 2s or 5min`.
[[nodiscard]] BACKSTAY_EXPORT expected<FaultScript, std::string> parse_fault_script(std::string_view json);

/// Reads it from a file; an error begins with the file's name.
[[nodiscard]] BACKSTAY_EXPORT expected<FaultScript, std::string> load_fault_script(const std::string& path);

/// Says in a few words what a step does to a request: `503 after 250 ms, reset at byte 20`; for the log.
[[nodiscard]] BACKSTAY_EXPORT std::string to_string(const FaultStep& step);
[[nodiscard]] BACKSTAY_EXPORT std::string_view to_string(ConnectionFault fault) noexcept;

} // namespace backstay::inline BACKSTAY_ABI
