#pragma once

#include "http/chunk_line.hpp"
#include "http/gzip_decoder.hpp"
#include "http/head_scanner.hpp"
#include "http/reply_limits.hpp"

#include <backstay/core/config.hpp>
#include <backstay/http/response.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace backstay::inline BACKSTAY_ABI {

class LlhttpReader;
struct BodyFraming;

/// Reads one HTTP/1.1 reply out of bytes that come in any pieces; knows no socket. llhttp parses; what it
/// would let pass is refused before it (`HeadScanner`, `ChunkLine`, `body_framing`). Every byte is judged as
/// it comes, and a wrong one only after llhttp has seen all before it: so the first of the two to object
/// names the fault, and the verdict does not depend on how the bytes were cut. Cost: one allocation, and what
/// the reply itself holds.
class BACKSTAY_EXPORT ReplyParser {
public:
    enum class Step : std::uint8_t {
        need_more, ///< feed what comes next, or `finish`
        done,      ///< a whole final reply: `take` it
        failed,    ///< see `fault`; the connection is to be closed
    };

    /// `method` is that of the request: a reply to HEAD has no body.
    ReplyParser(std::string_view method, const ReplyLimits& limits);
    ReplyParser(const ReplyParser&) = delete;
    ReplyParser& operator=(const ReplyParser&) = delete;
    ~ReplyParser();

    /// Takes bytes up to the end of the reply. What lies beyond is not consumed: when `consumed` is less than
    /// was given and the reply is done, the surplus belongs to nobody and the connection must not be reused.
    /// Errors: memory that runs out is the fault `out_of_memory`; nothing throws.
    Step feed(std::string_view bytes, std::size_t& consumed) noexcept;

    /// Says that the stream ended cleanly (close_notify over TLS, else FIN). Done for a body that the close
    /// delimits; else `truncated`, or `connection_lost` when no byte of a reply had come.
    Step finish() noexcept;

    [[nodiscard]] Step step() const noexcept { return step_; }
    /// True once any byte of a reply came, an informational one included.
    [[nodiscard]] bool started() const noexcept { return started_; }
    /// The final reply as far as it has come; null before its head is whole. Its body may be moved away as it
    /// grows.
    [[nodiscard]] ResponseParts* began() noexcept;
    /// After `done`: the reply delimited itself and both sides may go on (RFC 9112 section 9.3).
    [[nodiscard]] bool reusable() const noexcept;
    /// After `done`: how long the server keeps an idle connection, by `Keep-Alive: timeout=`.
    [[nodiscard]] std::optional<std::chrono::seconds> keep_alive_timeout() const noexcept;
    /// After `failed`.
    [[nodiscard]] const ReplyFault& fault() const noexcept { return fault_; }
    /// After `done`, once.
    [[nodiscard]] ResponseParts take() noexcept;

private:
    enum class Part : std::uint8_t { head, length, chunk_line, chunk_data, trailers, until_close };

    std::size_t advance(std::string_view rest);
    std::size_t read_section(std::string_view rest);
    std::size_t read_sized(std::string_view rest);
    std::size_t read_chunk_line(std::string_view rest);
    std::size_t read_until_close(std::string_view rest);
    void end_of_head();
    void end_of_chunk_line();
    void end_of_trailers();
    void begin_body(const BodyFraming& framing);
    [[nodiscard]] bool begin_decoding();
    [[nodiscard]] bool keep(std::string_view body);
    void end();
    [[nodiscard]] bool parse(std::string_view bytes);
    void fail(FailureKind kind, std::string message);
    void fail_body_too_large();

    ReplyLimits limits_;
    bool answers_head_;
    bool started_ = false;
    Step step_ = Step::need_more;
    Part part_ = Part::head;
    std::uint64_t left_ = 0;     ///< of the body, or of the chunk
    std::size_t body_bytes_ = 0; ///< that came over the wire
    int informational_ = 0;
    HeadScanner scanner_;
    ChunkLine chunk_line_;
    std::unique_ptr<LlhttpReader> reader_;
    std::optional<GzipDecoder> decoder_;
    std::string clean_; ///< what llhttp is shown of a head or a chunk line
    ReplyFault fault_;
};

} // namespace backstay::inline BACKSTAY_ABI
