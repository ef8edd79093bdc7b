#include "http/gzip_decoder.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <utility>

namespace backstay::inline BACKSTAY_ABI {

namespace {

constexpr std::size_t slice_bytes = 1024;
constexpr std::size_t harmless_bytes = std::size_t{64} * 1024;

} // namespace

struct GzipDecoder::Stream {
    Stream() {
        constexpr int largest_window = 15;
        constexpr int gzip_only = 16;
        if (inflateInit2(&z, largest_window + gzip_only) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { inflateEnd(&z); }

    z_stream z{};
};

GzipDecoder::GzipDecoder(std::size_t decoded_bytes, std::size_t ratio)
    : most_(decoded_bytes), ratio_(ratio), stream_(std::make_unique<Stream>()) {}

GzipDecoder::~GzipDecoder() = default;

void GzipDecoder::decode(std::string_view coded, std::string& out) {
    while (!coded.empty() && fault_.kind == FailureKind::none) {
        const std::size_t count = std::min(coded.size(), slice_bytes - coded_ % slice_bytes);
        inflate_slice(coded.substr(0, count), out);
        coded_ += count;
        coded.remove_prefix(count);
        if (coded_ % slice_bytes == 0 && fault_.kind == FailureKind::none) {
            check_ratio();
        }
    }
}

void GzipDecoder::finish() {
    if (fault_.kind != FailureKind::none) {
        return;
    }
    if (!member_ended_) {
        return fail(FailureKind::truncated, "the reply's gzip data end in the middle");
    }
    check_ratio();
}

void GzipDecoder::inflate_slice(std::string_view slice, std::string& out) {
    z_stream& z = stream_->z;
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(slice.data())); // it is only read
    z.avail_in = static_cast<uInt>(slice.size());
    for (;;) {
        if (member_ended_) {
            if (z.avail_in == 0 || !begin_member(static_cast<char>(*z.next_in))) {
                return;
            }
        }
        char buffer[std::size_t{16} * 1024];
        z.next_out = reinterpret_cast<Bytef*>(buffer);
        z.avail_out = sizeof(buffer);
        const int result = inflate(&z, Z_NO_FLUSH);
        const std::size_t made = sizeof(buffer) - z.avail_out;
        if (made > most_ - decoded_) {
            return fail(FailureKind::body_too_large,
                        "the reply's body has more than " + std::to_string(most_) + " bytes when decoded");
        }
        decoded_ += made;
        out.append(buffer, made);
        if (result == Z_STREAM_END) {
            member_ended_ = true;
        } else if (result == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return fail(FailureKind::protocol_error,
                        std::string("the reply's gzip data are malformed: ") +
                            (z.msg != nullptr ? z.msg : "a dictionary is needed"));
        } else if (z.avail_out > 0) {
            return; // all that the slice says is out
        }
    }
}

bool GzipDecoder::begin_member(char first) {
    constexpr char magic = '\x1f';
    if (first != magic) {
        fail(FailureKind::protocol_error, "there are bytes behind the reply's gzip data");
        return false;
    }
    member_ended_ = false;
    return inflateReset(&stream_->z) == Z_OK;
}

void GzipDecoder::check_ratio() {
    if (decoded_ > harmless_bytes && decoded_ / ratio_ > coded_) {
        fail(FailureKind::body_too_large, "the reply's body grows to more than " + std::to_string(ratio_) +
                                              " times its size when decoded");
    }
}

void GzipDecoder::fail(FailureKind kind, std::string message) {
    fault_ = {kind, std::move(message)};
}

} // namespace backstay::inline BACKSTAY_ABI
