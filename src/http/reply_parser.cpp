#include "http/reply_parser.hpp"

#include "http/body_framing.hpp"
#include "http/chunk_line.hpp"
#include "http/head_scanner.hpp"
#include "http/llhttp_reader.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

/// A server that announces much and sends little costs little.
constexpr std::size_t largest_reserve = std::size_t{64} * 1024;

} // namespace

ReplyParser::ReplyParser(std::string_view method, const ReplyLimits& limits)
    : limits_(limits),
      answers_head_(method == "HEAD"),
      scanner_(limits),
      chunk_line_(limits.chunk_extension_bytes),
      reader_(std::make_unique<LlhttpReader>(answers_head_)) {}

ReplyParser::~ReplyParser() = default;

bool ReplyParser::reusable() const noexcept {
    return step_ == Step::done && reader_->keep_alive();
}

std::optional<std::chrono::seconds> ReplyParser::keep_alive_timeout() const noexcept {
    return backstay::keep_alive_timeout(reader_->parts().fields);
}

ResponseParts* ReplyParser::began() noexcept {
    return part_ == Part::head && step_ != Step::done ? nullptr : &reader_->parts();
}

ResponseParts ReplyParser::take() noexcept {
    return std::move(reader_->parts());
}

ReplyParser::Step ReplyParser::feed(std::string_view bytes, std::size_t& consumed) noexcept {
    consumed = 0;
    started_ = started_ || !bytes.empty();
    try {
        while (step_ == Step::need_more && consumed < bytes.size()) {
            consumed += advance(bytes.substr(consumed));
        }
    } catch (const std::bad_alloc&) {
        step_ = Step::failed;
        fault_.kind = FailureKind::out_of_memory;
    }
    return step_;
}

ReplyParser::Step ReplyParser::finish() noexcept {
    if (step_ != Step::need_more) {
        return step_;
    }
    try {
        if (!started_) {
            fail(FailureKind::connection_lost, "the connection was closed before the reply");
        } else if (part_ == Part::until_close && reader_->finish()) {
            end();
        } else {
            fail(FailureKind::truncated, "the connection was closed in the middle of the reply");
        }
    } catch (const std::bad_alloc&) {
        step_ = Step::failed;
        fault_.kind = FailureKind::out_of_memory;
    }
    return step_;
}

std::size_t ReplyParser::advance(std::string_view rest) {
    switch (part_) {
    case Part::head:
    case Part::trailers:
        return read_section(rest);
    case Part::length:
    case Part::chunk_data:
        return read_sized(rest);
    case Part::chunk_line:
        return read_chunk_line(rest);
    case Part::until_close:
        break;
    }
    return read_until_close(rest);
}

std::size_t ReplyParser::read_section(std::string_view rest) {
    clean_.clear();
    std::size_t taken = 0;
    const auto scanned = scanner_.scan(rest, taken, clean_);
    if (!parse(clean_)) {
        return taken;
    }
    if (scanned == HeadScanner::Step::failed) {
        fail(scanner_.fault().kind, scanner_.fault().message);
    } else if (scanned == HeadScanner::Step::done) {
        part_ == Part::head ? end_of_head() : end_of_trailers();
    }
    return taken;
}

void ReplyParser::end_of_head() {
    if (!reader_->head_complete()) {
        return fail(FailureKind::protocol_error, "the reply's head does not end where its empty line is");
    }
    const int status = reader_->parts().status;
    if (status == 101) {
        return fail(FailureKind::protocol_error, "the server switched protocols unasked");
    }
    if (status < 200) {
        if (++informational_ > limits_.informational) {
            return fail(FailureKind::protocol_error,
                        "more than " + std::to_string(limits_.informational) + " informational replies");
        }
        reader_->restart();
        return scanner_.begin_head();
    }
    const ReplyHead head{.answers_head = answers_head_, .http_1_0 = reader_->http_1_0(), .status = status};
    const auto framing = body_framing(head, reader_->parts().fields);
    if (!framing) {
        return fail(framing.error().kind, framing.error().message);
    }
    begin_body(*framing);
}

void ReplyParser::begin_body(const BodyFraming& framing) {
    if (framing.kind != BodyFraming::Kind::none && limits_.gzip_ratio != 0 && !begin_decoding()) {
        return;
    }
    switch (framing.kind) {
    case BodyFraming::Kind::none:
        return end();
    case BodyFraming::Kind::chunked:
        part_ = Part::chunk_line;
        return;
    case BodyFraming::Kind::until_close:
        part_ = Part::until_close;
        return;
    case BodyFraming::Kind::length:
        if (framing.length > limits_.body_bytes) {
            return fail_body_too_large();
        }
        part_ = Part::length;
        left_ = framing.length;
        reader_->parts().body.reserve(std::min(static_cast<std::size_t>(framing.length), largest_reserve));
    }
}

/// The fields that told of the coded body are not true of the decoded one.
bool ReplyParser::begin_decoding() {
    Fields& fields = reader_->parts().fields;
    const auto gzip = is_gzip(fields);
    if (!gzip) {
        fail(gzip.error().kind, gzip.error().message);
        return false;
    }
    if (*gzip) {
        decoder_.emplace(limits_.body_bytes, limits_.gzip_ratio);
        fields.remove("Content-Encoding");
        fields.remove("Content-Length");
    }
    return true;
}

bool ReplyParser::keep(std::string_view body) {
    body_bytes_ += body.size();
    if (!decoder_) {
        reader_->parts().body.append(body);
        return true;
    }
    decoder_->decode(body, reader_->parts().body);
    if (decoder_->fault().kind != FailureKind::none) {
        fail(decoder_->fault().kind, decoder_->fault().message);
        return false;
    }
    return true;
}

std::size_t ReplyParser::read_sized(std::string_view rest) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), left_));
    left_ -= taken;
    const std::string_view piece = rest.substr(0, taken);
    if (parse(piece) && keep(piece) && left_ == 0) {
        part_ == Part::length ? end() : void(part_ = Part::chunk_line);
    }
    return taken;
}

std::size_t ReplyParser::read_chunk_line(std::string_view rest) {
    auto line = ChunkLine::Step::need_more;
    std::size_t taken = 0;
    clean_.clear();
    while (taken < rest.size() && line == ChunkLine::Step::need_more) {
        const char c = rest[taken++];
        line = chunk_line_.take(c);
        const bool wrong = line == ChunkLine::Step::malformed || line == ChunkLine::Step::extensions_too_long;
        if (!wrong && !chunk_line_.in_extension()) { // llhttp 8.1 refuses good ones: `1;a=b;c`
            clean_ += c;
        }
    }
    if (!parse(clean_)) {
        return taken;
    }
    if (line == ChunkLine::Step::malformed) {
        fail(FailureKind::protocol_error, "the framing of a chunk of the reply is malformed");
    } else if (line == ChunkLine::Step::extensions_too_long) {
        fail(FailureKind::protocol_error, "the reply's chunk extensions have more than " +
                                              std::to_string(limits_.chunk_extension_bytes) + " bytes");
    } else if (line == ChunkLine::Step::done) {
        end_of_chunk_line();
    }
    return taken;
}

void ReplyParser::end_of_chunk_line() {
    const std::uint64_t size = reader_->chunk_bytes();
    if (size > limits_.body_bytes - body_bytes_) {
        return fail_body_too_large();
    }
    if (size == 0) {
        part_ = Part::trailers;
        return scanner_.begin_trailers();
    }
    part_ = Part::chunk_data;
    left_ = size;
}

void ReplyParser::end_of_trailers() {
    for (const Field& field : reader_->parts().trailers) {
        if (is_framing_field(field.name)) {
            return fail(FailureKind::protocol_error, "the reply's trailers hold a " + field.name);
        }
    }
    end();
}

std::size_t ReplyParser::read_until_close(std::string_view rest) {
    const std::size_t room = limits_.body_bytes - body_bytes_;
    const std::string_view piece = rest.substr(0, room);
    if (parse(piece) && keep(piece) && rest.size() > room) {
        fail_body_too_large();
    }
    return rest.size();
}

void ReplyParser::end() {
    if (!reader_->complete()) {
        return fail(FailureKind::protocol_error, "where the reply ends is ambiguous");
    }
    if (decoder_) {
        decoder_->finish();
        if (decoder_->fault().kind != FailureKind::none) {
            return fail(decoder_->fault().kind, decoder_->fault().message);
        }
    }
    step_ = Step::done;
}

bool ReplyParser::parse(std::string_view bytes) {
    if (reader_->execute(bytes)) {
        return true;
    }
    if (reader_->out_of_memory()) {
        throw std::bad_alloc();
    }
    fail(FailureKind::protocol_error, "the reply is malformed: " + std::string(reader_->error()));
    return false;
}

void ReplyParser::fail(FailureKind kind, std::string message) {
    step_ = Step::failed;
    fault_ = {kind, std::move(message)};
}

void ReplyParser::fail_body_too_large() {
    fail(FailureKind::body_too_large,
         "the reply's body has more than " + std::to_string(limits_.body_bytes) + " bytes");
}

} // namespace backstay::inline BACKSTAY_ABI
